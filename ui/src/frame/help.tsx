// The keys, on `?`.
import { Modal } from "@mantine/core";
import { PAGES } from "./nav";
import css from "./frame.module.css";

const KEYS: readonly [string, string][] = [
  ["/", "Filter"],
  ...PAGES.map(({ key, name }): [string, string] => [`g ${key}`, name]),
  ["j  k", "Next row, row before"],
  ["Enter", "Open the row's drawer"],
  ["Esc", "Close what is open"],
  ["n", "Show the new flows"],
  ["p", "Pause, or go on live"],
  ["?", "These keys"],
];

interface Props {
  opened: boolean;
  close: () => void;
}

export function Help({ opened, close }: Props) {
  return (
    <Modal opened={opened} onClose={close} title={<span className="title">Keys</span>} size={420}>
      <dl className={css.keys}>
        {KEYS.map(([key, does]) => (
          <div key={key} style={{ display: "contents" }}>
            <dt>{key.split(" ").filter(Boolean).map((part) => <kbd key={part}>{part}</kbd>)}</dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <button type="button" className="button" onClick={close}>Close</button>
    </Modal>
  );
}
