// What a switch would have dropped, pair by pair.
import type { Policy, Preview } from "../wire/rest";
import { href } from "../live/address";
import { serverNow } from "../live/span";
import { Link } from "../frame/link";
import { Arrow, Named } from "../verdict/end";
import { counted, exact } from "../words/number";
import { utc, when } from "../words/time";
import { nameOf, policyOf, portTerm, portWords, ruleWords } from "../words/verdict";
import css from "./policies.module.css";

const SHOWN = 6;

export function Examples({ preview, policy }: { preview: Preview; policy: Policy }) {
  const { examples } = preview;
  const rest = examples.length - SHOWN;
  const now = serverNow();
  return (
    <table className={css.examples}>
      <thead>
        <tr>
          <th scope="col">Last seen</th><th scope="col">Connection</th><th scope="col" className="right">Times</th>
          <th scope="col">Why</th><th scope="col"><span className="unseen">Flows</span></th>
        </tr>
      </thead>
      <tbody>
        {examples.slice(0, SHOWN).map(({ source, destination, port, count, last, rule, leans_on }) => (
          <tr key={`${source} ${destination} ${port} ${rule}`}>
            <td title={utc(last)}>{when(last, now)}</td>
            <td><Named name={source} /><Arrow /><Named name={destination} /> {portWords(port)}</td>
            <td className="right">{exact(count)}</td>
            <td className="second">{why(policy, rule, leans_on)}</td>
            <td className="right"><Link href={href("/flows", { q: `from:${source} to:${destination} ${portTerm(port)}` })}>Flows</Link></td>
          </tr>
        ))}
        {rest > 0 && <tr><td colSpan={5} className="third">and {counted(rest, "more pair")}</td></tr>}
      </tbody>
    </table>
  );
}

function why(policy: Policy, rule: string | undefined, leansOn: string | undefined): string {
  if (leansOn) return `allowed by ${nameOf(leansOn)}, which only detects`;
  if (!rule) return "no rule allows it";
  return policyOf(rule) === policy.id ? `denied by ${ruleWords(rule)}` : `denied by ${nameOf(rule)} ${ruleWords(rule)}`;
}
