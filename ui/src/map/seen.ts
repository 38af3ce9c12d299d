// What of the map is looked at: the words of the filter and the end in focus, from the address.
import type { MapNode } from "../wire/rest";
import type { Look } from "../words/verdict";
import type { Line } from "./graph";

const LOOK_WORDS: Record<string, Look> = {
  forwarded: "forwarded", "would-drop": "would", would_drop: "would", audit: "would", dropped: "dropped",
};

/** The lines that all words let through, at the end in focus if there is one. */
export function seenLines(lines: readonly Line[], text: string, around: string | null): Line[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return lines.filter((line) =>
    (around === null || line.source === around || line.destination === around) && words.every((word) => fits(line, word)));
}

function fits(line: Line, word: string): boolean {
  const not = word.startsWith("-");
  return test(line, not ? word.slice(1) : word) !== not;
}

function test(line: Line, word: string): boolean {
  const colon = word.indexOf(":");
  const value = word.slice(colon + 1);
  const ends = [line.source, line.destination].map((end) => end.toLowerCase());
  switch (word.slice(0, Math.max(colon, 0))) {
    case "verdict":
      return value.split(",").some((one) => LOOK_WORDS[one] === line.look);
    case "namespace":
      return ends.some((end) => end.split("/")[0] === value && end.includes("/"));
    case "port":
      return line.ports.some((port) => port.split("/")[0] === value);
    case "policy":
      return line.policies.some((policy) => policy.toLowerCase().includes(value));
    default:
      return [...ends, ...line.policies, ...line.ports].some((part) => part.toLowerCase().includes(word));
  }
}

/** How much of an end is stopped: the order of the list. */
export interface EndFigures {
  node: MapNode;
  out: number;
  into: number;
  stopped: number;
  look: Look;
}

/** All ends with what they take part in, those that are stopped most first. */
export function endsOf(nodes: readonly MapNode[], lines: readonly Line[]): EndFigures[] {
  const found = new Map(nodes.map((node): [string, EndFigures] => [node.id, { node, out: 0, into: 0, stopped: 0, look: "forwarded" }]));
  for (const { source, destination, look, count } of lines) {
    const [from, to] = [found.get(source), found.get(destination)];
    if (from) from.out += 1;
    if (to) to.into += 1;
    if (look === "forwarded") continue;
    for (const end of [from, to]) {
      if (!end) continue;
      end.stopped += count;
      if (end.look !== "dropped") end.look = look;
    }
  }
  return [...found.values()].sort((one, other) => other.stopped - one.stopped || other.out + other.into - one.out - one.into || one.node.id.localeCompare(other.node.id));
}
