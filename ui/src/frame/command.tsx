// A command line to copy. It says that it was copied, and says so to screen readers too.
import { useEffect, useState } from "react";
import { Icon } from "./icon";
import css from "./frame.module.css";

const SAID_MS = 2_000;

export function Command({ text }: { text: string }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => setSaid(""), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  // Broken between words only: a browser would break after a hyphen of `--port`.
  const words = text.split(" ");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied");
    } catch {
      setSaid("The browser does not let the page copy: select the text");
    }
  };
  return (
    <div className={css.command}>
      <code>{words.map((word, index) => <span key={index}>{word}{index < words.length - 1 && " "}</span>)}</code>
      <span className="label" role="status">{said}</span>
      <button type="button" className="square" onClick={copy} aria-label={`Copy: ${text}`} title="Copy">
        <Icon name={said === "Copied" ? "done" : "copy"} />
      </button>
    </div>
  );
}
