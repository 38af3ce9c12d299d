// The overview's skeleton: the same shape, grey.
import { Bone, useSlow } from "../frame/bones";
import css from "./overview.module.css";

export function OverviewBones() {
  const slow = useSlow();
  if (!slow) return null;
  return (
    <div className={css.overview} role="status" aria-label="Loading">
      <Bone width="55%" height={28} />
      <div className={`panel ${css.figures}`}>
        {[0, 1, 2, 3].map((tile) => (
          <div key={tile} className={`${css.figure} ${css.boneStack}`}><Bone width={96} height={16} /><Bone width={88} height={32} /></div>
        ))}
      </div>
      <div className={css.columns}>
        <div className={`panel ${css.chart} ${css.boneStack}`}><Bone width={160} height={20} /><Bone width="100%" height={320} /></div>
        <div className={`panel ${css.chart} ${css.boneStack}`}>
          {[0, 1, 2, 3, 4, 5].map((row) => <Bone key={row} width={row % 2 ? "60%" : "90%"} height={16} />)}
        </div>
      </div>
    </div>
  );
}
