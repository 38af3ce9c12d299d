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

const indentOf = (line: string): number => line.length - line.trimStart().length;
