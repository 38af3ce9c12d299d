// The server's words: lower case without a full stop, then perhaps `hint: ...`. On the page they
// are sentences.

/** One sentence. A name at the start keeps its letters; what the server marks is quoted. */
export function sentence(marked: string): string {
  const text = marked.replace(/`([^`]*)`/g, "“$1”");
  const begun = /^[a-z]+[\s,.:?!]/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return /[.:!?]$/.test(begun) ? begun : `${begun}.`;
}

/** A message with its hint, as sentences. */
export function told(message: string): string {
  const [says, hint] = message.split(/,?\s+hint:\s+/, 2);
  return [says, hint].filter((part) => part !== undefined && part !== "").map((part) => sentence(part!)).join(" ");
}
