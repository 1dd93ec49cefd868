// @ts-check
// The objects that travel between the server and the pages, as the HTTP surface has them.

/**
 * @typedef {object} Schema  one input
 * @property {string} [title]
 * @property {string} [description]
 * @property {"string" | "integer" | "number" | "boolean"} [type]
 * @property {unknown[]} [enum]
 * @property {Schema[]} [anyOf]
 * @property {unknown} [const]
 * @property {unknown} [default]
 * @property {number | bigint} [minimum]
 * @property {number | bigint} [maximum]
 * @property {number} [maxLength]
 * @property {number} [x-step]
 * @property {boolean} [x-multiline]
 * @property {boolean} [x-seed]
 * @property {"image" | "mask" | "audio" | "video" | "file"} [x-media]
 * @property {string[]} [x-accept]
 * @property {number} [x-max-mb]
 * @property {string} [x-mask-of]
 */

/**
 * @typedef {object} App
 * @property {string} slug
 * @property {string} title
 * @property {string} description
 * @property {number} version
 * @property {number} [active_version]
 * @property {number[]} versions
 * @property {{properties: Record<string, Schema>, required: string[]}} inputs
 * @property {Record<string, {title: string, media: string | null}>} outputs
 * @property {{name: string, reason: string}[]} stale
 * @property {{kind: string, name: string, title: string}[]} missing
 * @property {{max_n: number}} options
 * @property {string | null} picture
 */

/**
 * @typedef {object} Item  one result
 * @property {string} output
 * @property {string} url
 * @property {string} content_type
 * @property {string} name
 * @property {number} size_bytes
 * @property {number} [take]
 * @property {string} [text]
 */

/**
 * @typedef {object} Progress
 * @property {number} value
 * @property {string | null} current_node
 * @property {number | null} step
 * @property {number | null} steps
 * @property {number} nodes_done
 * @property {number} nodes_total
 * @property {number} [take]
 */

/**
 * @typedef {object} Run
 * @property {string} id
 * @property {string} app
 * @property {number} version
 * @property {"queued" | "running" | "canceling" | "succeeded" | "canceled" | "failed" | "expired"} status
 * @property {Record<string, unknown>} input
 * @property {number} n
 * @property {Item[]} outputs
 * @property {{code: string, message: string, title: string | null} | null} error
 * @property {Progress | null} progress
 * @property {number | null} queue_position
 * @property {{execution_ms: number | null}} metrics
 * @property {string} created_at
 */

export {};
