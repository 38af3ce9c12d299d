// "Allow this": the narrowest sensible policy that would allow a flow, as YAML, with its effect on
// recorded flows; to copy, or to save in detection where the folder can be written.
import { useEffect, useRef, useState } from "react";
import type { Draft as Body, Flow, Preview, Saved } from "../wire/rest";
import { readDraft, savePolicies } from "../wire/client";
import { hrefOfPolicy } from "../live/address";
import { useAnswer } from "../live/answer";
import { endsOf, phraseOf, useSpan } from "../live/span";
import { catchUp, lastOf, wordsOf } from "../live/store";
import { Banner } from "../frame/banner";
import { Bone } from "../frame/bones";
import { Link } from "../frame/link";
import { Arrow, Named } from "../verdict/end";
import { Mark } from "../verdict/mark";
import { counted, exact, short } from "../words/number";
import { sentence, told } from "../words/sentence";
import { nameOf, portWords } from "../words/verdict";
import css from "./draft.module.css";

const EXAMPLES_SHOWN = 4;

interface Props {
  flow: Flow;
  close: () => void;
}

export function Draft({ flow, close }: Props) {
  const span = useSpan();
  const place = useRef<HTMLElement>(null);
  const { asked, again } = useAnswer<Body>({ key: String(flow.seq), ask: () => readDraft({ flow: flow.seq, since: endsOf(span).since }) });
  const draft = lastOf(asked);
  useEffect(() => {
    place.current?.focus({ preventScroll: true });
    place.current?.scrollIntoView({ block: "nearest" });
  }, [draft === null]);
  return (
    <section ref={place} className={css.draft} aria-label="Allow this" tabIndex={-1}>
      <div className={css.head}>
        <h3 className="heading">Allow this</h3>
        <button type="button" className="plain small" onClick={close}>Put it away</button>
      </div>
      {asked.phase === "failed" && (
        <Banner loud action={<button type="button" className="button tight" onClick={again}>Try again</button>}>
          <b>There is no draft.</b> {told(asked.message)}
        </Banner>
      )}
      {!draft && asked.phase === "waiting" && <div className={css.bones} role="status" aria-label="Loading"><Bone width="80%" height={16} /><Bone width="100%" height={160} /></div>}
      {draft && <Known draft={draft} phrase={phraseOf(span)} />}
    </section>
  );
}

function Known({ draft, phrase }: { draft: Body; phrase: string }) {
  const { yaml, policies, notes, diagnostics, effect } = draft;
  return (
    <>
      {policies.flatMap(({ id, sentences }) => sentences.map(({ rule, text }) => <p key={id + rule}>{sentence(text)}</p>))}
      <Effect effect={effect} phrase={phrase} />
      {diagnostics.map(({ code, message, hint, line }) => (
        <p key={code + line} className="small"><b>Line {line}.</b> {sentence(message)}{hint && ` ${sentence(hint)}`}</p>
      ))}
      {notes.length > 0 && <ul className={css.notes}>{notes.map((note) => <li key={note}>{sentence(note)}</li>)}</ul>}
      <pre className={css.yaml} tabIndex={0} aria-label="The draft as YAML">{yaml}</pre>
      <Answers draft={draft} />
    </>
  );
}

function Effect({ effect, phrase }: { effect: Preview; phrase: string }) {
  const { released, stopped, judged, left_out } = effect;
  const examples = effect.released_examples ?? [];
  const rest = examples.length - EXAMPLES_SHOWN;
  return (
    <div className={css.effect}>
      <p>
        <Mark look="forwarded" /><b>{released === 0 ? "No recorded connection changes" : `${counted(released, "connection")} seen in ${phrase} would pass`}</b>
        {released > 0 && " if everything in detection enforced, and would not without it."}{released === 0 && "."}
        {stopped > 0 && <> <b>{counted(stopped, "other")} would be stopped.</b></>}
      </p>
      {examples.length > 0 && (
        <ul>
          {examples.slice(0, EXAMPLES_SHOWN).map(({ source, destination, port, count }) => (
            <li key={`${source} ${destination} ${port}`}>
              <span><Named name={source} /><Arrow /><Named name={destination} /> {portWords(port)}</span><span title={exact(count)}>{short(count)}</span>
            </li>
          ))}
          {rest > 0 && <li className="third">and {counted(rest, "more pair")}</li>}
        </ul>
      )}
      <p className="label">Of {counted(judged, "recorded connection")}{left_out > 0 && `; ${short(left_out)} could not be judged`}. Saved, it detects: it changes no packet.</p>
    </div>
  );
}

function Answers({ draft }: { draft: Body }) {
  const [said, setSaid] = useState("");
  const [saved, setSaved] = useState<Saved | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(draft.yaml);
      setSaid("Copied");
    } catch {
      setSaid("The browser does not let the page copy: select the text");
    }
  };
  const save = async () => {
    if (busy || saved) return;
    setBusy(true);
    setTrouble(null);
    try {
      setSaved(await savePolicies({ yaml: draft.yaml, file: draft.file }));
      await catchUp();
    } catch (problem) {
      setTrouble(wordsOf(problem));
    } finally {
      setBusy(false);
    }
  };
  if (saved) {
    return (
      <p role="status" className={css.saved}>
        Saved in {saved.file}, in detection, as revision {saved.revision}:{" "}
        {saved.policies.map((id, index) => <span key={id}>{index > 0 && ", "}<Link href={hrefOfPolicy(id)}>{nameOf(id)}</Link></span>)}.
      </p>
    );
  }
  return (
    <>
      {trouble && <Banner loud><b>Not saved.</b> {told(trouble)}</Banner>}
      <div className={css.answers}>
        {draft.writable && <button type="button" className="button" aria-disabled={busy} onClick={() => void save()}>Save in detection</button>}
        <button type="button" className="button" onClick={() => void copy()}>Copy</button>
        <span className="label" role="status">{said}</span>
      </div>
      <p className="label">{draft.writable ? `To ${draft.file} in the policy folder.` : "The policy folder cannot be written from here: copy it to where it comes from."}</p>
    </>
  );
}
