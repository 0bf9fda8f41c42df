// In the field: write a report with or without a link. It waits on the device, sealed, and goes out in order, once.
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { Failure, ask, online } from "../api/client";
import { away, moment, t } from "../words";
import { MOST_TRIES, WrongPassphrase, add, isLocked, list, refuse, remove, unlock, wipe } from "./chest";
import type { Waiting } from "./chest";

const key = signal<CryptoKey | null>(null); // in memory only: closing the page locks it
const waiting = signal<Waiting[]>([]);
const note = signal("");
const sent = signal(0);
const SHORTEST = 8;

async function read(): Promise<void> {
  waiting.value = key.value ? await list(key.value) : [];
}

// In order, one after the other, one page at a time. The id was made on the device: the server keeps a report once.
async function send(): Promise<void> {
  await navigator.locks.request("tocsin-field-send", async () => {
    await read();
    for (const one of waiting.value) {
      if (one.refused) continue;
      try {
        await ask("POST", "/api/reports", one.words, undefined, { "Idempotency-Key": one.id });
        await remove(one.n);
        sent.value += 1;
        note.value = t("field.sent", { n: sent.value });
      } catch (problem) {
        const failure = problem instanceof Failure ? problem : new Failure("broken", String(problem));
        if (["refused", "conflict", "forbidden"].includes(failure.trouble)) await refuse(one.n, failure.title);
        else {
          note.value = t(failure.trouble === "signed_out" ? "field.signed_out" : "field.later");
          break;
        }
      }
      await read();
    }
    await read();
  });
}

export default function Field() {
  useEffect(() => {
    if (!("serviceWorker" in navigator)) return;
    void navigator.serviceWorker.register("/service-worker.js").then(async () => {
      const ready = await navigator.serviceWorker.ready;
      const files = performance.getEntriesByType("resource").map((entry) => new URL(entry.name).pathname);
      ready.active?.postMessage([...new Set(files.filter((path) => path.startsWith("/static/")))]);
    });
  }, []);
  useEffect(() => {
    const go = () => key.value && void send();
    addEventListener("online", go);
    const timer = setInterval(go, 60_000);
    return () => {
      removeEventListener("online", go);
      clearInterval(timer);
    };
  }, []);
  return (
    <article class="sheet field">
      <div class="page-head"><div><h1>{t("field.title")}</h1><p class="quiet">{t("field.about")}</p></div></div>
      {window.isSecureContext ? key.value ? <Desk /> : <Door /> : <p class="told">{t("field.insecure")}</p>}
    </article>
  );
}

function Door() {
  const [locked, know] = useState<boolean | null>(null);
  const [trouble, complain] = useState("");
  const [busy, work] = useState(false);
  useEffect(() => void isLocked().then(know), []);
  if (locked === null) return null;
  const enter = async (event: SubmitEvent) => {
    event.preventDefault();
    const words = String(new FormData(event.currentTarget as HTMLFormElement).get("passphrase") ?? "");
    if (words.length < SHORTEST) return complain(t("field.short", { n: SHORTEST }));
    work(true);
    try {
      key.value = await unlock(words);
      await read();
      void send();
    } catch (problem) {
      const left = problem instanceof WrongPassphrase ? problem.left : 0;
      complain(left > 0 ? t("field.wrong", { n: left }) : t("field.wiped"));
      know(await isLocked());
    }
    work(false);
  };
  return (
    <form class="card form" onSubmit={(event) => void enter(event)}>
      <h2>{t(locked ? "field.unlock" : "field.choose")}</h2>
      <p class="quiet small">{t("field.door.about", { n: MOST_TRIES })}</p>
      <label class="line">{t("field.passphrase")}<input type="password" name="passphrase" autocomplete={locked ? "current-password" : "new-password"} required /></label>
      {trouble && <p class="told" role="alert">{trouble}</p>}
      <button type="submit" class="button main" disabled={busy}>{t(busy ? "field.opening" : locked ? "field.unlock" : "field.start")}</button>
    </form>
  );
}

function Desk() {
  const [text, write] = useState("");
  const [place, say] = useState("");
  const keep = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!key.value || !text.trim()) return;
    await add(key.value, { kind: "liaison", text: text.trim(), place: place.trim(), sent_at: new Date().toISOString() });
    write("");
    say("");
    note.value = t("field.kept");
    await read();
    void send();
  };
  return (
    <>
      <form class="card form" onSubmit={(event) => void keep(event)}>
        <h2>{t("field.report")}</h2>
        <label class="line">{t("field.what")}<textarea rows={5} maxLength={2000} dir="auto" required value={text} onInput={(event) => write(event.currentTarget.value)} /></label>
        <label class="line">{t("field.where")}<input maxLength={200} dir="auto" value={place} onInput={(event) => say(event.currentTarget.value)} /></label>
        <button type="submit" class="button main">{t(online.value ? "field.send" : "field.keep")}</button>
        <p role="status" class="quiet">{note.value}</p>
      </form>
      <section class="card">
        <h2>{t("field.waiting", { n: waiting.value.length })}</h2>
        {waiting.value.length === 0 ? <p>{t("field.none")}</p> : (
          <ol class="plain-list">{waiting.value.map((one) => (
            <li key={one.id}><p dir="auto">{one.words.text}</p>
              <p class="quiet small"><span dir="auto">{one.words.place}</span> <time title={moment(one.words.sent_at)}>{away(one.words.sent_at)}</time></p>
              {one.refused && <p class="told">{t("field.refused")} <span dir="auto" lang="en">{one.refused}</span> <button type="button" class="link" onClick={() => void remove(one.n).then(read)}>{t("field.remove")}</button></p>}
            </li>
          ))}</ol>
        )}
        <div class="tools">
          <button type="button" class="button" onClick={() => void send()}>{t("field.try")}</button>
          <button type="button" class="button" onClick={() => (key.value = null)}>{t("field.lock")}</button>
          <button type="button" class="link" onClick={() => confirm(t("field.wipe.sure")) && void wipe().then(() => (key.value = null))}>{t("field.wipe")}</button>
        </div>
      </section>
    </>
  );
}
