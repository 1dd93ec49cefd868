// @ts-check
// A run's event stream, read by fetch: EventSource gives up for good on an answer that is not 200, such as a server
// that is just starting again, and tells nobody that a connection has silently died.
import { request } from "./api.mjs";
import { parseJson } from "./numbers.mjs";

const SILENCE = 40_000; // milliseconds; the server says something at least every 15 s

/** @typedef {{id: string | null, event: string, data: any}} ServerEvent */

/**
 * Ends when the stream ends; throws ApiError, or when the connection broke or fell silent, whatever fetch throws.
 * @param {string} path
 * @param {string | null} lastId
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<ServerEvent>}
 */
export async function* readEvents(path, lastId, signal) {
  const silence = new AbortController();
  const headers = { Accept: "text/event-stream", ...(lastId === null ? {} : { "Last-Event-ID": lastId }) };
  const response = await request("GET", path, { headers, signal: AbortSignal.any([signal, silence.signal]) });
  const reader = /** @type {ReadableStream<any>} */ (response.body).pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let timer = setTimeout(() => silence.abort(), SILENCE);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE);
      const blocks = (text + value).split(/\r?\n\r?\n/);
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = parseBlock(block);
        if (event) yield event;
      }
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

/** One event; null for a comment. @param {string} block @returns {ServerEvent | null} */
export function parseBlock(block) {
  const fields = /** @type {Record<string, string>} */ ({});
  for (const line of block.split(/\r?\n/)) {
    const [, name, value] = line.match(/^(\w+): ?(.*)$/) ?? [];
    if (name) fields[name] = name === "data" && "data" in fields ? `${fields.data}\n${value}` : value;
  }
  if (fields.data === undefined) return null;
  return { id: fields.id ?? null, event: fields.event ?? "message", data: parseJson(fields.data) };
}
