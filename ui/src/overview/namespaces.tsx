// Namespaces with their traffic, sorted by what would be dropped.
import type { NamespaceStats, Policy, Stats } from "../wire/rest";
import { href } from "../live/address";
import { useHeld } from "../live/held";
import { allOf } from "../live/series";
import type { Span } from "../live/span";
import { Link } from "../frame/link";
import { Mark } from "../verdict/mark";
import { exact, rate, short } from "../words/number";
import { Spark } from "../spark/spark";
import css from "./overview.module.css";

interface Props {
  stats: Stats;
  span: Span;
  policies: readonly Policy[] | null;
}

export function Namespaces({ stats, policies }: Props) {
  const sorted = [...stats.namespaces].sort((one, other) =>
    other.packets.would_drop - one.packets.would_drop || one.namespace.localeCompare(other.namespace));
  const { items, hold } = useHeld(sorted, ({ namespace }) => namespace);
  const whole = endsWhole(stats);
  const seconds = stats.samples.reduce((sum, { start, end }) => sum + (end - start) / 1000, 0);
  return (
    <section className={`panel ${css.namespaces}`} aria-label="Namespaces" {...hold}>
      <table className="grid">
        <thead>
          <tr>
            <th scope="col">Namespace</th>
            <th scope="col">Mode</th>
            <th scope="col" colSpan={2}>Packets a second</th>
            <th scope="col" colSpan={2} aria-sort="descending" className={css.sorted}>Would drop ↓</th>
            <th scope="col" className="right">Dropped</th>
          </tr>
        </thead>
        <tbody>
          {items.map((row) => <Row key={row.namespace} row={whole ? row : { ...row, samples: row.samples.slice(0, -1) }} seconds={seconds} policies={policies} />)}
        </tbody>
      </table>
    </section>
  );
}

/** Whether the newest sample is as long as the one before it: a part of one would look like a fall. */
function endsWhole({ samples }: Stats): boolean {
  const [before, last] = samples.slice(-2);
  return !before || !last || last.end - last.start >= (before.end - before.start) * 0.9;
}

interface RowProps {
  row: NamespaceStats;
  seconds: number;
  policies: readonly Policy[] | null;
}

function Row({ row, seconds, policies }: RowProps) {
  const { namespace, packets, samples } = row;
  const perSecond = seconds > 0 ? allOf(packets) / seconds : 0;
  return (
    <tr>
      <td><Link className={css.rowLink} href={href("/flows", { q: `with:${namespace}/*` })}>{namespace}</Link></td>
      <td>{modesIn(namespace, policies)}</td>
      <td><Spark values={samples.map(allOf)} look="forwarded" /></td>
      <td className="right" title={`${exact(allOf(packets))} packets`}>{rate(perSecond)}</td>
      <td><Spark values={samples.map(({ would_drop }) => would_drop)} look="would" /></td>
      <td className={`right medium ${packets.would_drop === 0 ? "third" : ""}`} title={exact(packets.would_drop)}>
        {short(packets.would_drop)}
      </td>
      <td className={`right ${packets.dropped === 0 ? "third" : css.droppedCount}`} title={exact(packets.dropped)}>
        {packets.dropped > 0 && <Mark look="dropped" size={8} />} {short(packets.dropped)}
      </td>
    </tr>
  );
}

function modesIn(namespace: string, policies: readonly Policy[] | null): string {
  if (!policies) return "";
  const about = policies.filter(({ workloads }) => workloads.some((name) => name.startsWith(`${namespace}/`)));
  const modes = new Set(about.map(({ mode }) => mode).filter((mode) => mode !== "off"));
  if (modes.size === 0) return "no policy";
  return [...modes].sort().join(" and ");
}
