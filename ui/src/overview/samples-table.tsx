// The chart's numbers as a table, newest first, for those who cannot see it or want to copy it.
import type { Sample } from "../wire/rest";
import type { Unit } from "../live/series";
import { exact } from "../words/number";
import { clock, utc } from "../words/time";
import css from "./overview.module.css";

export function SamplesTable({ samples, unit }: { samples: readonly Sample[]; unit: Unit }) {
  return (
    <div className={css.samples} tabIndex={0} role="region" aria-label={`${unit} over time`}>
      <table className="grid">
        <thead>
          <tr>
            <th scope="col">From</th><th scope="col">To</th>
            <th scope="col" className="right">Forwarded</th>
            <th scope="col" className="right">Would drop</th>
            <th scope="col" className="right">Dropped</th>
          </tr>
        </thead>
        <tbody>
          {[...samples].reverse().map((sample) => (
            <tr key={sample.start}>
              <td title={utc(sample.start)}>{clock(sample.start)}</td>
              <td title={utc(sample.end)}>{clock(sample.end)}</td>
              <td className="right">{exact(sample[unit].forwarded)}</td>
              <td className="right">{exact(sample[unit].would_drop)}</td>
              <td className="right">{exact(sample[unit].dropped)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
