// The overview: what is going on, what would change, what holds now. The same numbers as a
// sentence, four figures, a chart and the pairs that need a person.
import { useCell } from "../live/cell";
import { lastOf, policies, status } from "../live/store";
import { type Shown, useStats } from "../live/stats";
import { undecided } from "../live/pairs";
import { useMarks } from "../live/use-marks";
import { allOf } from "../live/series";
import { Banner } from "../frame/banner";
import { ChartPanel } from "./chart-panel";
import { Figures } from "./figures";
import { FirstStart } from "./first-start";
import { Namespaces } from "./namespaces";
import { NeedsYou } from "./needs";
import { OverviewBones } from "./bones";
import { Title } from "./title";
import { told } from "../words/sentence";
import css from "./overview.module.css";

export function Overview() {
  const { asked, span, again } = useStats();
  const revisions = useMarks(span);
  const known = useCell(status);
  const list = lastOf(useCell(policies));
  const shown = lastOf(asked);

  if (!shown) {
    if (asked.phase === "failed") return <NoStats message={asked.message} again={again} />;
    return <OverviewBones />;
  }
  const pairs = undecided(shown.stats.pairs, list);
  if (allOf(shown.stats.total.packets) === 0 && span.kind === "moving") {
    return <FirstStart status={known} span={span} />;
  }
  return (
    <div className={css.overview}>
      {asked.phase === "failed" && <NoStats message={asked.message} again={again} />}
      <Title pairs={pairs} span={span} status={known} made={revisions.marks.length} />
      <Figures shown={shown} span={span} status={known} partial={isPartial(shown, known !== null && known.nodes.some(({ agent }) => agent === "gone"))} />
      <div className={css.columns}>
        <div className={css.left}>
          <ChartPanel shown={shown} span={span} status={known} revisions={revisions} />
          <Namespaces stats={shown.stats} span={span} policies={list} />
        </div>
        <NeedsYou pairs={pairs} span={span} status={known} until={shown.until} />
      </div>
    </div>
  );
}

/** Sums are lower bounds while a node does not tell what it counts. */
function isPartial(shown: Shown, nodeGone: boolean): boolean {
  return nodeGone && shown.stats.samples.length > 0;
}

interface NoStatsProps {
  message: string;
  again: () => void;
}

function NoStats({ message, again }: NoStatsProps) {
  return (
    <Banner loud action={<button type="button" className="button tight" onClick={again}>Try again</button>}>
      <b>The statistics did not arrive.</b> {told(message)}
    </Banner>
  );
}

