// Whole-page words: where the session is refused, and where an address leads nowhere.
import { href } from "../live/address";
import { Command } from "./command";
import { Link } from "./link";
import css from "./frame.module.css";

export function SessionRefused() {
  return (
    <main className={css.notice}>
      <h1 className="title">This page does not know you yet</h1>
      <p className="second">
        Podwall lets in who opens the address with its token. A restart makes a new one. Ask for the
        address on the machine that runs Podwall, and open it here:
      </p>
      <Command text="podwall status" />
    </main>
  );
}

export function Nowhere({ path }: { path: string }) {
  return (
    <div className={css.notice}>
      <h1 className="title">There is no page {path}</h1>
      <p className="second">
        The address may come from another version. <Link href={href("/")}>Go to the overview</Link>.
      </p>
    </div>
  );
}
