// The peers of a workload in one direction: those that are stopped first.
import { useState } from "react";
import type { PeerStats } from "../wire/rest";
import { href, hrefOfPolicy, hrefOfWorkload } from "../live/address";
import { useHeld } from "../live/held";
import { serverNow } from "../live/span";
import { Link } from "../frame/link";
import { Named } from "../verdict/end";
import { Pill } from "../verdict/pill";
import { counted, exact, short } from "../words/number";
import { utc, when } from "../words/time";
import { nameOf, policyOf, portTerm, portWords } from "../words/verdict";
import css from "./workloads.module.css";

const SHOWN = 12;

interface Props {
  title: string;
  none: string;
  peers: readonly PeerStats[];
  name: string;
  end: "from" | "to";
  phrase: string;
}

export function Peers({ title, none, peers, name, end, phrase }: Props) {
  const [all, setAll] = useState(false);
  const { items, hold } = useHeld(peers, keyOf);
  const shown = all ? items : items.slice(0, SHOWN);
  const now = serverNow();
  return (
    <section className={`panel ${css.peers}`} aria-label={title} {...hold}>
      <div className={css.partHead}><h2 className="heading">{title}</h2><span className="label">{phrase}</span></div>
      {items.length === 0 ? <p className={css.note}>{none}</p> : (
        <table className="grid">
          <thead>
            <tr>
              <th scope="col">Peer</th><th scope="col">Port</th><th scope="col">Verdict</th><th scope="col" className="right">Times</th>
              <th scope="col">Decided by</th><th scope="col">Last</th><th scope="col"><span className="unseen">Flows</span></th>
            </tr>
          </thead>
          <tbody>
            {shown.map((peer) => (
              <tr key={keyOf(peer)}>
                <td>{peer.workload ? <Link href={hrefOfWorkload(peer.workload)}><Named name={peer.peer} /></Link> : <Named name={peer.peer} />}</td>
                <td>{portWords(peer.port)}</td>
                <td><Pill verdict={peer.verdict} /></td>
                <td className="right" title={exact(peer.count)}>{short(peer.count)}</td>
                <td>{peer.policy ? <Link href={hrefOfPolicy(policyOf(peer.policy))}>{nameOf(peer.policy)}</Link> : <span className="third">no policy</span>}</td>
                <td title={`${utc(peer.first)} to ${utc(peer.last)}`}>{when(peer.last, now)}</td>
                <td className="right"><Link href={href("/flows", { q: termsOf(peer, name, end) })}>Flows</Link></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {items.length > SHOWN && !all && (
        <p className={css.note}><button type="button" className="plain small" onClick={() => setAll(true)}>Show {counted(items.length - SHOWN, "more peer")}</button></p>
      )}
    </section>
  );
}

const keyOf = ({ peer, port, verdict, policy }: PeerStats): string => `${peer} ${port} ${verdict} ${policy ?? ""}`;

function termsOf({ peer, port, verdict }: PeerStats, name: string, end: "from" | "to"): string {
  const ends = end === "from" ? `from:${peer} to:${name}` : `from:${name} to:${peer}`;
  return `verdict:${verdict.replace("_", "-")} ${ends} ${portTerm(port)}`;
}
