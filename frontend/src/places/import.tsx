// Files in: choose or drop one, see what it is and how it would be read, then import it. What was brought is found again here.
import { FileUp } from "lucide";
import { useLocation, useRoute } from "preact-iso/router";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Answer, Schemas } from "../api/client";
import { Failure, changed, useData } from "../api/client";
import { send, sending } from "../api/send";
import { Icon } from "../ui/icon";
import { useKeys } from "../ui/keys";
import { Shown } from "../ui/states";
import { away, number, share, size, t, word } from "../words";
import type { Key } from "../words";
import { OneFile } from "./upload";

const AGAIN_S = 2;

export default function Import() {
  const { params } = useRoute();
  const id = Number(params.id);
  return (
    <article class="sheet">
      <p class="crumbs noprint"><a href="/listen">{t("place.listen")}</a>{params.id && <> · <a href="/listen/import">{t("import.title")}</a></>}</p>
      {Number.isInteger(id) && id > 0 ? <OneFile key={id} id={id} /> : <Files />}
    </article>
  );
}

const BUSY = ["waiting", "working"];

function Files() {
  const [busy, watch] = useState(false);
  const found = useData<Answer<"/api/imports">>("/api/imports", busy ? AGAIN_S : 60);
  const at_work = found.data?.uploads.some((u) => BUSY.includes(u.state)) ?? false;
  useEffect(() => watch(at_work), [at_work]);
  return (
    <>
      <div class="page-head"><h1>{t("import.title")}</h1></div>
      <Shown of={found} what={t("import.loading")}>{(all) => (
        <>
          <Bring all={all} />
          <section class="card"><h2>{t("import.list")}</h2>
            {all.uploads.length === 0 ? <p>{t("import.none")}</p> : <ul class="plain-list wishes">{all.uploads.map((one) => <Line key={one.id} one={one} />)}</ul>}
            <p class="quiet small">{t("import.kept", { n: all.kept_hours })}</p>
          </section>
          <section class="card"><h2>{t("import.kinds")}</h2>
            <ul class="chips">{all.layouts.map((of) => <li key={of.name}><span class="tag">{word("layout", of.name)}{of.may ? "" : ` · ${t("import.not_yours")}`}</span></li>)}</ul>
            <p class="quiet small">{t("import.kinds.about")}</p>
          </section>
        </>
      )}</Shown>
    </>
  );
}

function Bring({ all }: { all: Schemas["Imports"] }) {
  const { route } = useLocation();
  const [over, hover] = useState(false);
  const [problem, fail] = useState<Failure | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const here = useRef(true);
  useEffect(() => () => void (here.current = false), []);
  useKeys([{ key: "c", name: "import.choose", does: () => input.current?.click() }]);
  const now = sending.value;
  const bring = async (file: File | undefined) => {
    if (!file || sending.value) return;
    fail(null);
    if (file.size > all.most_bytes) return fail(new Failure("refused", t("import.too_large", { size: size(file.size), most: size(all.most_bytes) })));
    if (!all.endings.some((end) => file.name.toLowerCase().endsWith(end))) return fail(new Failure("refused", t("import.other_ending", { name: file.name, endings: all.endings.join(" ") })));
    try {
      const made = await send<Schemas["Begun"]>("/api/imports", file);
      changed("/api/imports");
      if (here.current) route(`/listen/import/${made.id}`);
    } catch (trouble) {
      fail(trouble instanceof Failure ? trouble : new Failure("broken", ""));
    }
  };
  return (
    <section class="card">
      {now ? (
        <div class="sending" role="status">
          <p><span class="pulse inline" aria-hidden="true" /> {t("import.sending", { name: now.name })}</p>
          <progress max={now.of} value={now.sent} aria-label={t("import.sending", { name: now.name })} />
          <p class="quiet small">{t("import.sent", { sent: size(now.sent), of: size(now.of), share: share(now.of ? now.sent / now.of : 0) })}</p>
          <button type="button" class="button" onClick={now.stop}>{t("import.stop")}</button>
        </div>
      ) : (
        <label class={over ? "drop over" : "drop"}
          onDragOver={(event) => { event.preventDefault(); hover(true); }} onDragLeave={() => hover(false)}
          onDrop={(event) => { event.preventDefault(); hover(false); void bring(event.dataTransfer?.files[0]); }}>
          <Icon node={FileUp} size={30} />
          <span class="button main">{t("import.choose")}</span>
          <input ref={input} class="hidden" type="file" accept={[...new Set(all.endings.map((end) => end.slice(end.lastIndexOf("."))))].join(",")}
            onChange={(event) => { const file = event.currentTarget.files?.[0]; event.currentTarget.value = ""; void bring(file); }} />
          <span>{t("import.drop")}</span>
          <small class="quiet">{t("import.limits", { most: size(all.most_bytes) })} <span dir="ltr">{all.endings.join(" ")}</span></small>
        </label>
      )}
      {problem && <div class="told bad-note" role="alert"><strong>{t(problem.trouble === "offline" ? "import.broken_off" : `state.${problem.trouble}` as Key)}</strong> {problem.title && <span dir="auto">{problem.title}</span>}</div>}
    </section>
  );
}

export const MARK: Record<string, string> = { taken: "tag good", looked: "tag", refused: "tag bad", stopped: "tag warn" };

function Line({ one }: { one: Schemas["UploadLine"] }) {
  const busy = BUSY.includes(one.state);
  return (
    <li>
      <p><a href={`/listen/import/${one.id}`} class="break" dir="auto">{one.name}</a> <span class={MARK[one.state] ?? "tag"}>{word("upload_state", one.state)}</span> <small class="quiet">{size(one.bytes)} · {away(one.brought_at)}{one.mine ? "" : ` · ${t("import.of_others")}`}</small></p>
      {busy && <p role="status" class="small"><span class="pulse inline" aria-hidden="true" /> {one.rows_read ? t("import.rows_so_far", { n: one.rows_read }) : t("import.begins")}</p>}
      {one.taken && <p class="quiet small">{t("import.sum", sum(one.taken))}</p>}
      {one.problem && <p class="told" dir="auto" lang="en">{one.problem.title}</p>}
    </li>
  );
}

export const sum = (of: Schemas["Would"]) => ({ read: number(of.read, 0), added: number(of.added, 0), updated: number(of.updated, 0), unchanged: number(of.unchanged, 0), rejected: number(of.rejected, 0) });
