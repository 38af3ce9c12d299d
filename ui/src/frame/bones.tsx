// Skeletons: the shape of what comes, after 300 ms, without shimmer.
import { useEffect, useState } from "react";
import css from "./frame.module.css";

const QUIET_MS = 300;

/** False at first; true once waiting has become long enough to be felt. */
export function useSlow(): boolean {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), QUIET_MS);
    return () => clearTimeout(timer);
  }, []);
  return slow;
}

interface BoneProps {
  width: number | string;
  height: number;
}

export function Bone({ width, height }: BoneProps) {
  return <span className={css.bone} style={{ width, height }} />;
}

/** Rows of a table that is on its way. */
export function TableBones({ rows }: { rows: number }) {
  const slow = useSlow();
  if (!slow) return null;
  return (
    <div className={`panel ${css.panelBones}`} role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => <Bone key={row} width={`${92 - ((row * 7) % 30)}%`} height={20} />)}
    </div>
  );
}
