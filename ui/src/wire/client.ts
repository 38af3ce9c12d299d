// What the page asks, in its own words, by the generated calls of `api.ts`.
import * as api from "./api";
import type { AskPreview, Changed, Explanation, Flows, Mode, Preview, Stats } from "./rest";

export { ApiProblem } from "./transport";

/** A span of time with the width of its samples, all in milliseconds. */
export interface Asked {
  since: number;
  until: number;
  step: number;
}

export const readStatus = () => api.getStatus();
export const readPolicies = () => api.listPolicies();

/** Statistics of a span; an open end is now. */
export const readStats = ({ since, until, step }: Asked): Promise<Stats> => api.getStats({ since, until, step });

/** Flow records, newest first, older than `before` where it is given. */
export const readFlows = (limit: number, before?: number): Promise<Flows> => api.listFlows({ limit, before });

/** What would become of a connection as the policies stand now. */
export const explain = (from: string, to: string, port: string): Promise<Explanation> => api.explain({ from, to, port });

/** Sets the mode of one policy. */
export const setPolicyMode = (id: string, mode: Mode): Promise<Changed> => api.setPolicyMode(id, { mode });

/** Sets the modes of several policies in one revision; refused where another than the given revision holds. */
export const setModes = (policies: Record<string, Mode>, revision?: number): Promise<Changed> => api.setModes({ policies }, revision);

/** What these modes would have done to recorded flows. Changes nothing. */
export const readPreview = (asked: AskPreview): Promise<Preview> => api.previewModes(asked);

/** Detect everything: no policy drops any more, all go on recording. */
export const detectEverything = (): Promise<Changed> => api.detectEverything();
