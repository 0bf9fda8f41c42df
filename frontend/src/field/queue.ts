// What was done on this device, sent in order and once; what the server last said; and its order to wipe.
import { signal } from "@preact/signals";
import { Failure, ask, get, post } from "../api/client";
import type { Schemas } from "../api/client";
import { language, t } from "../words";
import { add, change, device, keep, kept, list, refuse, remove, wipe } from "./chest";
import type { Deed, Waiting } from "./chest";
import { toBytes } from "./photo";

export interface MyTask {
  id: number;
  what: string;
  place: string | null;
  state: string;
  due_at: string;
  changed: number;
}

export interface Call {
  id: number;
  received_at: string;
  place: string | null;
}

export interface Read extends Partial<Schemas["Carried"]> {
  tasks: MyTask[];
  calls: Call[];
  at: string;
}

export const key = signal<CryptoKey | null>(null); // in memory only: closing the page locks it
export const waiting = signal<Waiting[]>([]);
export const known = signal<Read | null>(null);
export const note = signal("");
const sent = signal(0);

export async function read(): Promise<void> {
  waiting.value = key.value ? await list(key.value) : [];
  known.value = key.value ? await kept<Read>(key.value, "read") : null;
}

// Whether it is kept on the device now; if not, the note says so and what was written is still the person's to keep.
export async function put(deed: Deed): Promise<boolean> {
  if (!key.value) return false;
  try {
    await add(key.value, deed);
  } catch {
    note.value = t("field.full");
    return false;
  }
  note.value = t("field.kept");
  await read();
  void send();
  return true;
}

export async function empty(why: string): Promise<void> {
  await wipe();
  key.value = null;
  note.value = why;
  await read();
}

// Asked first at every contact, also while locked and by who is not signed in any more.
export async function mustWipe(): Promise<boolean> {
  const name = await device(false);
  if (!name) return false;
  try {
    const told = await post<{ wipe: boolean }>("/api/field/contact", { device: name });
    if (!told.wipe) return false;
    await empty(t("field.wiped_far"));
    await post("/api/field/contact", { device: name, wiped: true }).catch(() => undefined);
    return true;
  } catch {
    return false; // no link: nothing can be said, and nothing is sent
  }
}

async function one(it: Waiting, lock: CryptoKey): Promise<void> {
  const { deed, id } = it;
  const once = { "Idempotency-Key": id };
  if (deed.what === "report") {
    const told = await ask<{ report: number }>("POST", "/api/reports", deed.words, undefined, once);
    if (!deed.photo) return;
    // The words arrived: what still waits is the picture alone.
    it.deed = { what: "picture", report: told.report, words: deed.words, photo: deed.photo, tries: 0 };
    await change(lock, it.n, it.deed);
    await picture(told.report, toBytes(deed.photo));
  } else if (deed.what === "picture") {
    await picture(deed.report, toBytes(deed.photo));
  } else if (deed.what === "call_back") {
    const { report, reached, text, place } = deed;
    await ask("POST", `/api/reports/${report}/call-back`, { reached, text, place }, undefined, once);
  } else {
    // A step counts on the one before it, which may have been sent a moment ago.
    const steps = (await kept<Record<string, number>>(lock, "steps")) ?? {};
    const changed = Math.max(deed.changed, steps[deed.task] ?? 0);
    const told = await ask<{ changed: number }>("POST", `/api/tasks/${deed.task}/step`, { to: deed.to, changed, ...(deed.outcome ? { outcome: deed.outcome } : {}) }, undefined, once);
    await keep(lock, "steps", { ...steps, [deed.task]: told.changed });
  }
}

async function picture(report: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const answer = await fetch(`/api/reports/${report}/picture`, { method: "POST", credentials: "same-origin", headers: { "Content-Type": "image/jpeg" }, body: bytes }).catch(() => null);
  if (!answer) throw new Failure("offline", "");
  if (answer.status === 401) throw new Failure("signed_out", "", 401);
  if (answer.status === 503 || answer.status === 429) throw new Failure("busy", "", answer.status);
  if (answer.ok) return;
  const told = (await answer.json().catch(() => null)) as { title?: string } | null;
  throw new Failure(answer.status >= 500 ? "broken" : "refused", told?.title ?? String(answer.status), answer.status);
}

// A picture that the server cannot take must not hold up what people have to say: after some tries a person decides.
const MOST_PICTURE_TRIES = 3;

async function fail(it: Waiting, failure: Failure, lock: CryptoKey): Promise<boolean> {
  const photo = it.deed.what === "picture" ? it.deed : null;
  if (["refused", "conflict", "forbidden", "missing"].includes(failure.trouble)) {
    await refuse(it.n, photo ? t("field.photo.refused", { why: failure.title }) : failure.title);
    return true;
  }
  if (photo && (failure.trouble === "broken" || failure.trouble === "busy")) {
    const tries = photo.tries + (failure.trouble === "broken" ? 1 : 0);
    await change(lock, it.n, { ...photo, tries });
    if (tries >= MOST_PICTURE_TRIES) await refuse(it.n, t("field.photo.refused", { why: failure.title }));
    else note.value = t("field.later");
    return true;
  }
  note.value = t(failure.trouble === "signed_out" ? "field.signed_out" : "field.later");
  return false;
}

// A person wants it tried once more.
export async function again(it: Waiting): Promise<void> {
  if (!key.value) return;
  await change(key.value, it.n, it.deed.what === "picture" ? { ...it.deed, tries: 0 } : it.deed);
  await read();
  void send();
}

// In order, one after the other, one page at a time. The id was made on the device: the server keeps each once.
export async function send(anew = false): Promise<void> {
  await navigator.locks.request("tocsin-field-send", async () => {
    if ((await mustWipe()) || !key.value) return;
    await read();
    for (const it of waiting.value) {
      if (it.refused || !key.value) continue;
      try {
        await one(it, key.value);
        await remove(it.n);
        sent.value += 1;
        note.value = t("field.sent", { n: sent.value });
      } catch (problem) {
        const failure = problem instanceof Failure ? problem : new Failure("broken", String(problem));
        if (!(await fail(it, failure, key.value))) break;
      }
      await read();
    }
    await learn(anew);
  });
}

// My tasks and missed calls as the server knows them, kept sealed for when there is no link.
// Every byte counts out there: not after each report, but when opened, when asked, and every so often.
const LEARN_MS = 300_000;
let learnt = 0;

async function learn(anew: boolean): Promise<void> {
  const lock = key.value;
  if (!lock || (!anew && Date.now() - learnt < LEARN_MS)) return;
  try {
    const name = await device(true);
    const [me] = await Promise.all([get<{ id: string; may: string[] }>("/api/me"), post("/api/field/devices", { device: name })]);
    const can = (what: string) => me.may.includes(what);
    const tasks = can("read task") ? (await get<{ rows: MyTask[] }>(`/api/tasks?owner=${encodeURIComponent(me.id)}&limit=50`)).rows : [];
    const calls = can("read report") ? (await get<{ rows: Call[] }>("/api/reports?call_back=true&limit=20")).rows : [];
    const carried = await get<Schemas["Carried"]>(`/api/field/carried?lang=${language.value}`);
    const few: Read = {
      ...carried,
      tasks: tasks.map(({ id, what, place, state, due_at, changed }) => ({ id, what, place, state, due_at, changed })),
      calls: calls.map(({ id, received_at, place }) => ({ id, received_at, place })),
      at: new Date().toISOString(),
    };
    await keep(lock, "read", few);
    learnt = Date.now();
  } catch (problem) {
    if (problem instanceof Failure && problem.trouble === "signed_out") note.value = t("field.signed_out");
  }
  await read();
}
