// @ts-check
// Finding one's way in the editor's graph: nodes, their widgets, and what a link leads to through reroutes and the
// borders of subgraphs. Loaded on its own it does nothing.
import { app } from "../../scripts/app.js";

const PRIMITIVES = /^Primitive(Node|String|StringMultiline)$/; // nodes that are nothing but a value

/** @typedef {{node: any, input?: any}} End  where a link ends or begins; `input` is the unlinked one of a subgraph's node */

/**
 * The node that an execution id names; ids inside subgraphs are paths such as "12:5".
 * @param {string} id
 */
export function findNode(id) {
  const path = String(id).split(":");
  let graph = app.rootGraph ?? app.graph;
  for (const step of path.slice(0, -1)) graph = graph?.getNodeById(Number(step))?.subgraph;
  return graph?.getNodeById(Number(path.at(-1)));
}

/**
 * @param {any} node
 * @param {string} name
 */
export function findWidget(node, name) {
  return node.widgets?.find((/** @type {any} */ widget) => widget.name === name);
}

/**
 * Every node, those inside subgraphs once each.
 * @returns {any[]}
 */
export function everyNode() {
  const graphs = new Set([app.rootGraph ?? app.graph]);
  for (const graph of graphs) {
    for (const node of graph.nodes) if (node.subgraph) graphs.add(node.subgraph); // a set grows while it is walked
  }
  return [...graphs].flatMap((graph) => graph.nodes);
}

/**
 * The nodes that stand for a subgraph.
 * @param {any} subgraph
 */
function hosts(subgraph) {
  return everyNode().filter((node) => node.subgraph === subgraph);
}

/**
 * Where a link begins; in a subgraph that is used more than once at several ends.
 * @param {any} graph
 * @param {any} id
 * @returns {End[]}
 */
export function origins(graph, id) {
  const { link, outputNode, subgraphInput } = graph.getLink(id)?.resolve(graph) ?? {};
  if (subgraphInput) {
    return hosts(graph).flatMap((node) => {
      const input = node.inputs[link.origin_slot];
      return input?.link == null ? [{ node, input }] : origins(node.graph, input.link);
    });
  }
  if (!outputNode) return [];
  if (!outputNode.subgraph) return [{ node: outputNode }];
  const inner = outputNode.subgraph.outputs[link.origin_slot]?.linkIds ?? [];
  return inner.flatMap((/** @type {any} */ one) => origins(outputNode.subgraph, one));
}

/**
 * Where a link ends.
 * @param {any} graph
 * @param {any} id
 * @returns {End[]}
 */
export function targets(graph, id) {
  const { link, inputNode, subgraphOutput } = graph.getLink(id)?.resolve(graph) ?? {};
  if (subgraphOutput) {
    const outer = (/** @type {any} */ node) => node.outputs[link.target_slot]?.links ?? [];
    return hosts(graph).flatMap((node) => outer(node).flatMap((/** @type {any} */ one) => targets(node.graph, one)));
  }
  if (!inputNode) return [];
  if (!inputNode.subgraph) return [{ node: inputNode }];
  const inner = inputNode.subgraph.inputs[link.target_slot]?.linkIds ?? [];
  return inner.flatMap((/** @type {any} */ one) => targets(inputNode.subgraph, one));
}

/**
 * The widgets that hold an input's value: the node's own, and in front of it a primitive node's or those that a
 * subgraph shows outside. The last ones count.
 * @param {any} node
 * @param {string} name
 * @returns {any[]}
 */
export function holders(node, name) {
  const own = findWidget(node, name);
  const input = node.inputs?.find((/** @type {any} */ one) => one.widget?.name === name);
  const ends = input?.link == null ? [] : origins(node.graph, input.link);
  const outer = ends.map((end) => {
    if (end.input) return findWidget(end.node, end.input.widget?.name ?? end.input.name);
    return PRIMITIVES.test(end.node.type) ? end.node.widgets?.[0] : undefined;
  });
  return [own, ...outer].filter(Boolean);
}
