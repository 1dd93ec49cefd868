// What the official npm clients make of the face: `node openai_clients.mjs BASE_URL MODEL EDIT_MODEL PICTURE`, told as JSON.
import { readFile } from "node:fs/promises";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateImage } from "ai";
import OpenAI, { toFile } from "openai";

const [baseURL, model, editModel, picture] = process.argv.slice(2);
const content = await readFile(picture);
const client = new OpenAI({ baseURL, apiKey: "none" });
const told = {};

told.models = (await client.models.list()).data.map((one) => one.id);

const made = await client.images.generate({ model, prompt: "from npm", n: 2, size: "96x64" });
told.generate = { size: made.size, data: made.data.map((one) => one.b64_json) };

const image = await toFile(content, "picture.png", { type: "image/png" });
const edited = await client.images.edit({ model: editModel, prompt: "from npm", image, mask: image });
told.edit = edited.data.map((one) => one.b64_json);

told.events = [];
const stream = await client.images.generate({ model, prompt: "streamed", stream: true, partial_images: 1 });
for await (const event of stream) told.events.push({ type: event.type, size: event.size, b64_json: event.b64_json });

try {
  await client.images.generate({ model: "nothing", prompt: "x" });
} catch (error) {
  told.error = { name: error.constructor.name, status: error.status, code: error.code, param: error.param };
}

const provider = createOpenAICompatible({ name: "lectern", baseURL, apiKey: "none" });
const sdk = provider.imageModel(model);
told.sdk = (await generateImage({ model: sdk, prompt: "from the AI SDK", n: 2, size: "96x64" })).images.map(encoded);
const prompt = { text: "from the AI SDK", images: [content], mask: content };
told.sdkEdit = (await generateImage({ model: provider.imageModel(editModel), prompt })).images.map(encoded);

/** @param {{base64: string, mediaType: string}} image */
function encoded({ base64, mediaType }) {
  return { base64, mediaType };
}

process.stdout.write(JSON.stringify(told));
