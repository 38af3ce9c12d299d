// Which lines of a document a rule stands in: from its first line to where its list item ends. Pure.

export interface Lines {
  /** From 1. */
  first: number;
  last: number;
}

/** The lines of the rule that begins at `first`, in a document that was split into lines. */
export function linesOfRule(text: readonly string[], first: number): Lines {
  const indent = indentOf(text[first - 1] ?? "");
  let last = first;
  for (let line = first + 1; line <= text.length; line += 1) {
    const words = text[line - 1] ?? "";
    if (words.trim() === "" || words.trimStart().startsWith("#")) continue;
    const own = indentOf(words);
    if (own < indent || (own === indent && (words.trimStart().startsWith("-") || !(text[first - 1] ?? "").trimStart().startsWith("-")))) break;
    last = line;
  }
  return { first, last };
}

/** The document of one policy in a file that may have several. */
export interface Own {
  /** The number of its first line in the file, from 1. */
  first: number;
  lines: readonly string[];
}

export function ownDocument(yaml: string, { kind, namespace, name }: { kind: string; namespace?: string; name: string }): Own {
  const all = yaml.replace(/\n$/, "").split("\n");
  const starts = [0, ...all.flatMap((line, index) => (/^---(\s|$)/.test(line) ? [index + 1] : []))];
  for (const [index, start] of starts.entries()) {
    const lines = all.slice(start, (starts[index + 1] ?? all.length + 2) - 1);
    const says = (key: string, value: string) => lines.some((line) => line.trim().replaceAll(/["']/g, "") === `${key}: ${value}`);
    if (says("kind", kind) && says("name", name) && (namespace === undefined || says("namespace", namespace))) return { first: start + 1, lines };
  }
  return { first: 1, lines: all };
}

/** The line within a document that a rule such as `ingress[1]` begins at, where it is written as a list. */
export function lineOfRule(lines: readonly string[], rule: string): number | null {
  const section = /#(\w+)\[(\d+)\]$/.exec(rule);
  if (!section || lines.some((line) => line.startsWith("specs:"))) return null;
  const key = lines.findIndex((line) => line.trim() === `${section[1]}:`);
  if (key < 0) return null;
  const indent = indentOf(lines[key]!);
  let item: number | null = null;
  let count = -1;
  for (let line = key + 1; line < lines.length; line += 1) {
    const words = lines[line]!;
    if (words.trim() === "" || words.trimStart().startsWith("#")) continue;
    const own = indentOf(words);
    const isItem = words.trimStart().startsWith("- ");
    if (own < indent || (own === indent && !isItem)) return null;
    if (isItem && (item === null || own === item)) {
      item = own;
      count += 1;
      if (count === Number(section[2])) return line + 1;
    }
  }
  return null;
}

const indentOf = (line: string): number => line.length - line.trimStart().length;
