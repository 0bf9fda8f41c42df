// In the field: write a report with or without a link. It waits on the device, sealed, and goes out in order, once.
import { useEffect, useMemo, useState } from "preact/hooks";
import { online } from "../api/client";
import { away, moment, t, word } from "../words";
import { MOST_TRIES, WrongPassphrase, isLocked, remove, unlock } from "./chest";
import type { Deed } from "./chest";
import { Carried } from "./carried";
import { Mine } from "./mine";
import { shrink, toBytes, toText } from "./photo";
import { again, empty, key, mustWipe, note, put, read, send, waiting } from "./queue";

const SHORTEST = 8;

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
    const go = () => void (key.value ? send() : mustWipe());
    go();
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
      // A passphrase opens nothing that the mission has asked to be wiped, if it can be asked.
      if (await mustWipe()) { know(await isLocked()); work(false); return; }
      key.value = await unlock(words);
      note.value = "";
      await read();
      void send(true);
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
      {note.value && !trouble && <p class="told" role="status">{note.value}</p>}
      <button type="submit" class="button main" disabled={busy}>{t(busy ? "field.opening" : locked ? "field.unlock" : "field.start")}</button>
    </form>
  );
}

function Desk() {
  const [text, write] = useState("");
  const [place, say] = useState("");
  const [photo, show] = useState<{ text: string; address: string; bytes: number } | null>(null);
  const [trouble, complain] = useState("");
  const take = async (file: File | undefined) => {
    complain("");
    if (!file) return;
    try {
      const small = await shrink(file);
      show({ text: await toText(small), address: URL.createObjectURL(small), bytes: small.size });
    } catch {
      complain(t("field.photo.wrong"));
    }
  };
  // The form is empty at once: what is written next, while this one is being sealed, must not be cleared with it.
  const keep = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!key.value || !text.trim()) return;
    const done = { text, place, photo };
    write("");
    say("");
    show(null);
    complain("");
    const words = { kind: "liaison" as const, text: done.text.trim(), place: done.place.trim(), sent_at: new Date().toISOString() };
    if (await put({ what: "report", words, ...(done.photo ? { photo: done.photo.text } : {}) })) return;
    // Not kept: back into the form, before what was begun meanwhile.
    write((now) => (now ? `${done.text}\n${now}` : done.text));
    say((now) => now || done.place);
    show((now) => now ?? done.photo);
  };
  return (
    <>
      <form class="card form" onSubmit={(event) => void keep(event)}>
        <h2>{t("field.report")}</h2>
        <label class="line">{t("field.what")}<textarea rows={5} maxLength={2000} dir="auto" required value={text} onInput={(event) => write(event.currentTarget.value)} /></label>
        <label class="line">{t("field.where")}<input maxLength={200} dir="auto" value={place} onInput={(event) => say(event.currentTarget.value)} /></label>
        {photo ? (
          <div class="tools photo"><img src={photo.address} alt={t("field.photo.alt")} /><span class="quiet small">{t("field.photo.size", { kb: Math.ceil(photo.bytes / 1000) })}</span><button type="button" class="link" onClick={() => show(null)}>{t("field.photo.away")}</button></div>
        ) : <div class="take"><label class="button">{t("field.photo")}<input class="hidden" type="file" accept="image/*" onChange={(event) => void take(event.currentTarget.files?.[0])} /></label> <small class="quiet">{t("field.photo.about")}</small></div>}
        {trouble && <p class="told" role="alert">{trouble}</p>}
        <button type="submit" class="button main">{t(online.value ? "field.send" : "field.keep")}</button>
        <p role="status" class="quiet">{note.value}</p>
      </form>
      <Mine />
      <Carried />
      <section class="card">
        <h2>{t("field.waiting", { n: waiting.value.length })}</h2>
        {waiting.value.length === 0 ? <p>{t("field.none")}</p> : (
          <ol class="plain-list">{waiting.value.map((one) => (
            <li key={one.id}><Told deed={one.deed} />
              {one.refused && <p class="told">{t("field.refused")} <span dir="auto">{one.refused}</span> </p>}
              {one.refused && <div class="tools"><button type="button" class="link" onClick={() => void again(one)}>{t("field.again")}</button> <button type="button" class="link" onClick={() => void remove(one.n).then(read)}>{t("field.remove")}</button></div>}
            </li>
          ))}</ol>
        )}
        <div class="tools">
          <button type="button" class="button" onClick={() => void send(true)}>{t("field.try")}</button>
          <button type="button" class="button" onClick={() => (key.value = null)}>{t("field.lock")}</button>
          <button type="button" class="link" onClick={() => confirm(t("field.wipe.sure")) && void empty("")}>{t("field.wipe")}</button>
        </div>
      </section>
    </>
  );
}

function Told({ deed }: { deed: Deed }) {
  if (deed.what === "picture") return <Picture deed={deed} />;
  if (deed.what === "step") return <p><span dir="auto">{deed.name}</span> <span class="tag">{word("task_state", deed.to)}</span></p>;
  if (deed.what === "call_back") return <p>{t(deed.reached ? "field.reached.yes" : "field.reached.no")} <span dir="auto">{deed.text}</span></p>;
  return (
    <><p dir="auto">{deed.words.text}</p>
      <p class="quiet small"><span dir="auto">{deed.words.place}</span> <time title={moment(deed.words.sent_at)}>{away(deed.words.sent_at)}</time>{deed.photo && ` · ${t("field.photo.with")}`}</p></>
  );
}

function Picture({ deed }: { deed: Extract<Deed, { what: "picture" }> }) {
  const address = useMemo(() => URL.createObjectURL(new Blob([toBytes(deed.photo)], { type: "image/jpeg" })), [deed.photo]);
  return <div class="photo tools"><img src={address} alt={t("field.photo.waits")} /><p class="quiet small">{t("field.photo.of")} <span dir="auto">{deed.words.text}</span></p></div>;
}
