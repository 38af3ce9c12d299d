// The mark of each verdict: a line, a hollow diamond, a solid square. The same everywhere, so that
// colour is never the only difference.
import type { Look } from "../words/verdict";
import css from "./verdict.module.css";

interface Props {
  look: Look;
  size?: number;
}

export function Mark({ look, size = 10 }: Props) {
  return (
    <svg className={css[look]} width={size} height={size} viewBox="0 0 10 10" aria-hidden="true">
      <MarkShape look={look} />
    </svg>
  );
}

function MarkShape({ look }: { look: Look }) {
  switch (look) {
    case "forwarded":
      return <path d="M0 5h10" />;
    case "would":
      return <path d="M5 .8 9.2 5 5 9.2 .8 5z" />;
    case "dropped":
      return <path d="M.5.5h9v9h-9z" />;
  }
}
