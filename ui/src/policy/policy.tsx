// One policy: what it says in sentences beside its text, what each rule decided and when last, whom
// it selects, what was changed; and its switch, with the preview.
import { useEffect, useState } from "react";
import type { PolicyDetail } from "../wire/rest";
import { readPolicy } from "../wire/client";
import { choose, href, hrefOfWorkload, useAddress } from "../live/address";
import { renewalOf, useAnswer } from "../live/answer";
import { useCell } from "../live/cell";
import { countedDeny, countedRules } from "../live/hits";
import { endsOf, keyOfSpan, phraseOf, serverNow, type Span, useSpan } from "../live/span";
import { lastOf, onTick, status } from "../live/store";
import { Banner } from "../frame/banner";
import { TableBones } from "../frame/bones";
import { Command } from "../frame/command";
import { useKeys } from "../frame/keys";
import { Link } from "../frame/link";
import { Preview } from "../policies/preview";
import { flagOf } from "../policies/row";
import { ModeSwitch } from "../policies/switch";
import { useSwitching } from "../policies/switching";
import { commandFor, SwitchTrouble } from "../policies/trouble";
import { Named } from "../verdict/end";
import { counted } from "../words/number";
import { told } from "../words/sentence";
import { onDay } from "../words/time";
import { isInForce, isRefused, kindWord, MODES, nameOf } from "../words/verdict";
import { Log } from "./log";
import { Rules } from "./rules";
import { Text } from "./text";
import css from "./policy.module.css";

const SELECTED_SHOWN = 12;

export function PolicyPage({ id }: { id: string }) {
  const span = useSpan();
  const revision = useCell(status)?.revision;
  const live = span.kind === "moving" && !span.paused;
  const { asked, again, carry } = useAnswer<PolicyDetail>({
    key: `${id} ${keyOfSpan(span)}`, round: revision,
    ask: () => {
      const { since, until } = endsOf(span);
      return readPolicy(id, since, until);
    },
    ...(live ? { renewMs: renewalOf(span.length) } : {}),
  });
  useEffect(() => (live ? onTick((tick) => carry((now) => ({ ...now, rules: countedRules(now.rules, tick), ...countedDeny(now, tick) }))) : undefined), [live, id]);
  const detail = lastOf(asked);
  const failed = asked.phase === "failed" && (
    <Banner loud action={<button type="button" className="button tight" onClick={again}>Try again</button>}>
      <b>{nameOf(id)} is not shown.</b> {told(asked.message)}
    </Banner>
  );
  if (!detail) return failed || <TableBones rows={10} />;
  return <div className={css.page}>{failed}<Known policy={detail} span={span} /></div>;
}

function Known({ policy, span }: { policy: PolicyDetail; span: Span }) {
  const { params } = useAddress();
  const [lit, setLit] = useState<string | null>(null);
  const asking = params.has("enforce") && policy.mode !== "enforce";
  const { busy, trouble, set, forget } = useSwitching(() => choose({ enforce: null }, "replace"));
  const keep = () => choose({ enforce: null }, "push");
  useKeys({ Escape: () => asking && keep() });
  return (
    <>
      <Heading policy={policy}>
        <ModeSwitch policy={policy} asked={asking} busy={busy === policy.id} choose={(mode) => {
          forget();
          if (mode === "enforce") choose({ enforce: "1" }, "push");
          else void set(policy, mode);
        }} />
      </Heading>
      {asking && (
        <div className="panel">
          <Preview policy={policy} busy={busy === policy.id} enforce={(together) => void set(policy, "enforce", together)} keep={keep} />
        </div>
      )}
      {trouble && <div className="panel"><SwitchTrouble policy={policy} words={trouble.words} wanted={trouble.wanted} met={trouble.met} /></div>}
      <Standing policy={policy} />
      <div className={`panel ${css.columns}`}>
        <Rules policy={policy} phrase={phraseOf(span)} lit={lit} light={setLit} />
        <Text policy={policy} lit={lit} light={setLit} />
      </div>
      <div className={css.below}>
        <Log id={policy.id} workloads={policy.workloads} changes={policy.changes} />
        <section className={`panel ${css.part}`} aria-label="On the command line">
          <h2 className="heading">The same on the command line</h2>
          {MODES.filter((mode) => mode !== policy.mode).map((mode) => <Command key={mode} text={commandFor(policy, mode)} />)}
        </section>
      </div>
    </>
  );
}

function Heading({ policy, children }: { policy: PolicyDetail; children: React.ReactNode }) {
  const { namespace, name, kind, file, changed } = policy;
  return (
    <header className={css.head}>
      <div className={css.words}>
        <p className={css.crumb}>
          <Link href={href("/policies")}>Policies</Link> / {namespace ? <Link href={href("/policies", { q: `namespace:${namespace}` })}>{namespace}</Link> : "all namespaces"}
        </p>
        <h1 className="title">{name}</h1>
        <p className="second">
          <span title={kind}>{kindWord(kind)}</span> for <Selected workloads={policy.workloads} />. From {file}.
          {changed && ` Last changed by ${changed.who}, revision ${changed.revision}, ${onDay(changed.time, serverNow())}.`}
        </p>
      </div>
      <div className={css.switch}>
        {children}
        <Link className="button" href={href("/flows", { q: `policy:${nameOf(policy.id)}` })}>Flows it decided</Link>
      </div>
    </header>
  );
}

function Selected({ workloads }: { workloads: readonly string[] }) {
  const [all, setAll] = useState(false);
  if (workloads.length === 0) return <>no workload that is here</>;
  const shown = all ? workloads : workloads.slice(0, SELECTED_SHOWN);
  const rest = workloads.length - shown.length;
  return (
    <>
      {counted(workloads.length, "workload")}:{" "}
      {shown.map((name, index) => <span key={name}>{index > 0 && ", "}<Link href={hrefOfWorkload(name)}><Named name={name} /></Link></span>)}
      {rest > 0 && <> and <button type="button" className="plain" onClick={() => setAll(true)}>{rest} more</button></>}
    </>
  );
}

/** What is not as it should be, and why: refused, locked, selects nothing, shadowed, never hit. */
function Standing({ policy }: { policy: PolicyDetail }) {
  const flag = flagOf(policy);
  return (
    <>
      {flag && (
        <Banner loud={flag.bad}>
          <b>{flag.bad ? "Refused." : `${flag.word.charAt(0).toUpperCase()}${flag.word.slice(1)}.`}</b> {flag.why}
          {isRefused(policy) && (isInForce(policy) ? " The text before it stays in force." : " Nothing of it is in force.")}
        </Banner>
      )}
      {!policy.writable && (
        <div className={`panel ${css.part}`}>
          <h2 className="heading">The line to add</h2>
          <p className="small second">{policy.file} cannot be written from here. Where it comes from, add under metadata.annotations:</p>
          <Command text={`podwall.io/mode: ${policy.mode === "enforce" ? "detect" : "enforce"}`} />
        </div>
      )}
    </>
  );
}
