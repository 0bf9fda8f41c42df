// What is asked of the planner on any page: sent, refused in words, found again in a list with how far it has come.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Schemas } from "../api/client";
import { Failure, changed, post, useData } from "../api/client";
import { Pick } from "../ui/pick";
import { Shown } from "../ui/states";
import { away, t, word } from "../words";
import { degrees } from "./move";

const AGAIN_S = 2;
const MARK: Record<string, string> = { done: "tag good", refused: "tag bad", stopped: "tag warn" };

export interface Sending {
  send: (body: unknown) => Promise<void>;
  say: (...wrong: string[]) => void;
  note: string;
  wrong: string[];
}

// Sends a form; what was wrong comes back as a sentence for each field.
export function useSend(path: string, list: string): Sending {
  const [note, tell] = useState("");
  const [wrong, complain] = useState<string[]>([]);
  const say = (...lines: string[]) => { tell(""); complain(lines); };
  const send = async (body: unknown) => {
    try {
      await post(path, body);
      complain([]);
      tell(t("wish.asked"));
      changed(list);
    } catch (problem) {
      say(...sentences(problem));
    }
  };
  return { send, say, note, wrong };
}

export function sentences(problem: unknown): string[] {
  if (!(problem instanceof Failure)) return [t("state.broken")];
  const fields = (problem.body as { wrong?: Record<string, string> } | null)?.wrong;
  if (fields && Object.keys(fields).length) return Object.values(fields);
  return [problem.title || t(problem.trouble === "offline" ? "state.offline" : "state.broken")];
}

export function Note({ of }: { of: Sending }) {
  if (of.wrong.length) return <div role="alert"><ul class="told reasons">{of.wrong.map((line) => <li key={line} dir="auto">{line}</li>)}</ul></div>;
  return of.note ? <p role="status" class="quiet">{of.note}</p> : null;
}

// An hour of the day as people write it: 6, 6.5 or 06:30, in their own digits.
export function hourOf(text: string): number {
  const [h, m] = text.split(":");
  return m === undefined ? degrees(text) : degrees(h ?? "") + degrees(m) / 60;
}

// A number that may be left out; not a number when it is none.
export function figure(text: string | undefined): number | null {
  return text === undefined || text.trim() === "" ? null : degrees(text);
}

export function Field({ label, value, set, text, about }: { label: string; value: string; set: (v: string) => void; text?: boolean; about?: string }) {
  return <label class={text ? "line short wide" : "line short"}>{label}<input inputMode={text ? "text" : "decimal"} dir={text ? "auto" : "ltr"} placeholder={about} value={value} onInput={(e) => set(e.currentTarget.value)} /></label>;
}

export function Several({ legend, none, values, known, set }: { legend: string; none: string; values: string[]; known: string[]; set: (v: string[]) => void }) {
  return (
    <fieldset class="choices"><legend>{legend}</legend>
      {values.length === 0 && none && <p class="quiet small">{none}</p>}
      {values.length > 0 && <ul class="chips">{values.map((v) => <li key={v}><span dir="auto">{v}</span> <button type="button" class="link" aria-label={t("asked.leave_out", { name: v })} onClick={() => set(values.filter((w) => w !== v))}>{t("wish.leave_out")}</button></li>)}</ul>}
      <Pick label={t("cards.add")} value="" choices={[{ value: "", name: t("move.choose") }, ...known.filter((k) => !values.includes(k)).map((k) => ({ value: k, name: k }))]} pick={(v) => { if (v) set([...values, v]); }} />
    </fieldset>
  );
}

export function choose(known: string[], none = t("move.choose")): { value: string; name: string }[] {
  return [{ value: "", name: none }, ...[...new Set(known)].map((k) => ({ value: k, name: k }))];
}

interface Line {
  id: number;
  state: string;
  step: string;
  run: string | null;
  problem: Schemas["Trouble"] | null;
  asked_at: string;
}

export function AskedList<T extends Line>({ path, title, none, name, about, href, open }: {
  path: string; title: string; none: string; name: (one: T) => string; about: (one: T) => ComponentChildren; href: (one: T) => string; open: string;
}) {
  const [going, watch] = useState(false);
  const lines = useData<T[]>(path, going ? AGAIN_S : 0);
  const busy = lines.data?.some((c) => c.state === "waiting" || c.state === "working") ?? false;
  useEffect(() => watch(busy), [busy]);
  return (
    <section class="card"><h2>{title}</h2>
      <Shown of={lines}>{(rows) => rows.length === 0 ? <p>{none}</p> : (
        <ol class="plain-list wishes">{rows.map((one) => {
          const working = one.state === "working" || one.state === "waiting";
          return (
            <li key={one.id}>
              <p><strong>{name(one)}</strong> <span class={MARK[one.state] ?? "tag"}>{word("wish_state", one.state)}</span> <small class="quiet">{away(one.asked_at)}</small></p>
              <div class="quiet small">{about(one)}</div>
              {working && <p role="status"><span class="pulse inline" aria-hidden="true" /> {one.step ? word("step", one.step) : t("wish.waits")} <small class="quiet">{t("wish.may_leave")}</small></p>}
              {one.problem && <p class="told" dir="auto" lang="en">{one.problem.title}</p>}
              {one.state === "stopped" && <p>{t("wish.stopped")}</p>}
              {one.run && <a class="button" href={href(one)}>{open}</a>}
            </li>
          );
        })}</ol>
      )}</Shown>
    </section>
  );
}

// What a result assumes and what it could make worse, in sentences of the server in the reader's language.
export function Beside({ worse, assumes }: { worse: string[]; assumes: string[] }) {
  return (
    <div class="two">
      {worse.length > 0 && <section class="card"><h2>{t("cards.worse")}</h2><ul class="reasons">{worse.map((w) => <li key={w} dir="auto">{w}</li>)}</ul></section>}
      {assumes.length > 0 && <section class="card"><h2>{t("plan.assumes")}</h2><ul class="reasons">{assumes.map((a) => <li key={a} dir="auto">{a}</li>)}</ul></section>}
    </div>
  );
}
