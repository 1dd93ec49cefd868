// @ts-check
// A command line that runs an app, made from its contract. Loaded on its own it does nothing.

/** @param {string} text */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * What an example gives an input: the saved value, a new seed every time, a file of one's own.
 * @param {any} schema  of the input
 */
function example(schema) {
  if (schema["x-seed"]) return "random";
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (schema.type === "boolean") return false;
  return schema.type === "string" ? "…" : (schema.minimum ?? 0);
}

/** @type {Record<string, string>} */
const FILES = { image: "picture.png", mask: "mask.png", audio: "sound.wav", video: "clip.mp4" };

/** @param {any} schema */
function fileName(schema) {
  return FILES[schema["x-media"]] ?? "file";
}

/**
 * @param {any} app  as GET /lectern/v1/apps/{slug} describes it
 * @param {string} url  of its runs
 * @param {boolean} keys  whether an API key is needed
 */
export function curlOf(app, url, keys) {
  const inputs = Object.entries(app.inputs.properties);
  const required = new Set(app.inputs.required);
  const files = inputs.filter(([name, schema]) => schema["x-media"] && required.has(name));
  const values = inputs.filter(([, schema]) => !schema["x-media"]); // a file that was saved with the app is there
  const lines = [`curl ${quoted(url)}`, "-H 'Prefer: wait=60'"];
  if (keys && !app.options.public) lines.push('-H "Authorization: Bearer $LECTERN_KEY"');
  if (files.length) {
    lines.push(...files.map(([name, schema]) => `-F ${quoted(`${name}=@${fileName(schema)}`)}`));
    lines.push(...values.map(([name, schema]) => `--form-string ${quoted(`${name}=${example(schema)}`)}`));
  } else {
    const input = Object.fromEntries(values.map(([name, schema]) => [name, example(schema)]));
    lines.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify({ input }, null, 2))}`);
  }
  return lines.join(" \\\n  ");
}
