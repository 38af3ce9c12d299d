// What rules decided, carried on by ticks: a tick names the rules that decided in it, or the policy
// where it only isolates. Pure.
import type { Policy, PolicyDetail, RuleStats, Stats } from "../wire/rest";
import { policyOf } from "../words/verdict";
import { plus } from "./series";

/** The policies with what a tick tells of them; those of which it tells nothing stay as they are. */
export function counted(policies: Policy[], tick: Stats): Policy[] {
  const told = tick.groups ?? [];
  if (told.length === 0) return policies;
  const at = new Map(policies.map(({ id }, index) => [id, index]));
  const next = [...policies];
  for (const { name, packets } of told) {
    const index = at.get(policyOf(name));
    const policy = index === undefined ? undefined : next[index];
    if (index === undefined || !policy) continue;
    next[index] = { ...policy, packets: plus(policy.packets, packets), last_hit: endOf(tick, policy.last_hit) };
  }
  return next;
}

/** The rules of one policy, likewise. */
export function countedRules(rules: RuleStats[], tick: Stats): RuleStats[] {
  const told = new Map((tick.groups ?? []).map((group) => [group.name, group]));
  return rules.map((rule) => {
    const group = told.get(rule.rule);
    if (!group) return rule;
    return { ...rule, packets: plus(rule.packets, group.packets), bytes: plus(rule.bytes, group.bytes), last_hit: endOf(tick, rule.last_hit) };
  });
}

/** What no rule allowed where a policy isolates, likewise: the tick names the policy itself. */
export function countedDeny({ id, default_deny }: PolicyDetail, tick: Stats): Pick<PolicyDetail, "default_deny"> {
  const group = (tick.groups ?? []).find(({ name }) => name === id);
  if (!group || !default_deny) return {};
  const { packets, bytes, last_hit } = default_deny;
  return { default_deny: { packets: plus(packets, group.packets), bytes: plus(bytes, group.bytes), last_hit: endOf(tick, last_hit) } };
}

const endOf = (tick: Stats, before: number | undefined): number | undefined => tick.samples.at(-1)?.end ?? before;
