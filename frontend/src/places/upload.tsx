// One file that was brought: what it is, which column is which, its first rows as they would be read, and the import.
import { useLocation } from "preact-iso/router";
import { useEffect, useState } from "preact/hooks";
import type { Answer, Schemas } from "../api/client";
import { Failure, changed, get, post, useData } from "../api/client";
import { Pick } from "../ui/pick";
import { Shown } from "../ui/states";
import { day, moment, month, number, reason, size, t, word } from "../words";
import { said } from "./cases";
import { MARK, sum } from "./import";

type File = Schemas["Upload"];
type Found = Schemas["Found"];
const AGAIN_S = 1;
const BUSY = ["waiting", "working"];
const OURS = ["setup", "busy", "conflict"]; // troubles of the server, not of the file

export function OneFile({ id }: { id: number }) {
  const [busy, watch] = useState(true);
  const one = useData<File>(`/api/imports/${id}`, busy ? AGAIN_S : 0);
  const layouts = useData<Answer<"/api/imports">>("/api/imports").data?.layouts ?? [];
  const state = one.data?.state;
  useEffect(() => watch(!state || BUSY.includes(state)), [state]);
  useEffect(() => { if (state === "taken") changed("/api/"); }, [state]);
  const doing = async (work: () => Promise<unknown>) => {
    try {
      await work();
      watch(true);
    } catch (problem) {
      said.value = { text: problem instanceof Failure && problem.title ? problem.title : t("state.broken"), bad: true };
    }
    changed("/api/imports");
  };
  return (
    <>
      {!one.data && <h1>{t("import.title")}</h1>}
      <Shown of={one} what={t("import.loading")}>{(file) => (
        <>
          <div class="page-head"><h1 class="break" dir="auto">{file.name}</h1><span class={MARK[file.state] ?? "tag"}>{word("upload_state", file.state)}</span></div>
          <p class="quiet small">{size(file.bytes)} · {t("import.brought", { when: moment(file.brought_at) })} · <span dir="ltr" class="nowrap">SHA-256 {file.sha256.slice(0, 12)}…</span></p>
          {BUSY.includes(file.state) ? <Working file={file} /> : file.state === "taken" && file.taken ? <Done file={file} of={file.taken} />
            : <Open key={file.turn} file={file} layouts={layouts} doing={doing} />}
        </>
      )}</Shown>
    </>
  );
}

function Working({ file }: { file: File }) {
  return (
    <section class="card" role="status">
      <h2><span class="pulse inline" aria-hidden="true" /> {t(file.wanted === "take" ? "import.taking" : "import.looking")}</h2>
      <p>{file.rows_read ? t("import.rows_so_far", { n: file.rows_read }) : t("import.begins")}</p>
      <p class="quiet small">{t("import.may_leave")}</p>
    </section>
  );
}

function Counts({ of, done }: { of: Schemas["Would"]; done: boolean }) {
  return (
    <>
      <div class="facts counts">{(["read", "added", "updated", "unchanged", "rejected"] as const).map((name) => (
        <div class="fact" key={name}><div class="fact-name">{t(`import.count.${name}`)}</div><div class="fact-value">{number(of[name], 0)}</div></div>
      ))}</div>
      <p class="quiet small">{t("import.sum", sum(of))} {of.known_already && <strong>{t(done ? "import.known.done" : "import.known")}</strong>}</p>
    </>
  );
}

function Done({ file, of }: { file: File; of: Schemas["Would"] }) {
  return (
    <>
      <section class="card"><h2>{t(of.known_already ? "import.nothing_new" : "import.done")}</h2>
        <p>{word("layout", of.layout)}{of.release && ` · ${t("import.release_is", { release: of.release })}`} · {t("import.public_since", { day: day(of.published_on) })}</p>
        <Notes of={of} />
        <p class="quiet small">{t("import.next")}</p>
        <div class="tools">{file.has_rejects && <Rejected file={file} />}<a class="button" href="/listen/import">{t("import.another")}</a></div>
      </section>
      <Counts of={of} done />
    </>
  );
}

const Rejected = ({ file }: { file: File }) => <a class="button" href={`/api/imports/${file.id}/rejects`} download={`rejects-${file.id}.csv`}>{t("import.rejects.take")}</a>;

function Notes({ of }: { of: Schemas["Would"] }) {
  return of.warnings.length === 0 ? null : <ul class="reasons">{of.warnings.map((w) => <li key={w} dir="auto" lang="en">{w}</li>)}</ul>;
}

function Open({ file, layouts, doing }: { file: File; layouts: Schemas["LayoutLine"][]; doing: (work: () => Promise<unknown>) => Promise<void> }) {
  const { route } = useLocation();
  const found = file.looked;
  const [changedHere, note] = useState(false);
  const drop = () => doing(async () => {
    await post(`/api/imports/${file.id}/drop`, { turn: file.turn });
    said.value = { text: t("import.dropped", { name: file.name }) };
    route("/listen/import");
  });
  const remove = <button type="button" class="button" onClick={() => void drop()}>{t("import.drop_it")}</button>;
  const again = () => post(`/api/imports/${file.id}/${file.wanted === "take" ? "take" : "look"}`, file.wanted === "take" ? { turn: file.turn } : { ...file.chosen });
  const would = found?.would;
  const may = would && file.may_take && !would.known_already && would.rejected < would.read;
  return (
    <>
      {(file.problem || file.state === "stopped") && (
        <section class="card bad-note" role="alert"><h2>{t(file.state === "stopped" ? "import.stopped" : "import.refused")}</h2>
          {file.problem && <p class="told" dir="auto" lang="en">{file.problem.title}</p>}
          <p class="small">{t(file.state === "stopped" ? "import.stopped.text" : OURS.includes(file.problem?.code ?? "") ? "import.failed.text" : "import.refused.text")}</p>
          <div class="tools">{(file.state === "stopped" || file.wanted === "take" || OURS.includes(file.problem?.code ?? "")) && <button type="button" class="button main" onClick={() => void doing(again)}>{t("state.again")}</button>}{remove}</div>
        </section>
      )}
      {(found || file.problem) && <WhatItIs file={file} found={found} layouts={layouts} doing={doing} note={note} />}
      {would && <Counts of={would} done={false} />}
      {found && found.samples.length > 0 && <Samples found={found} />}
      {would && would.rejected > 0 && (
        <section class="card"><div class="page-head"><h2>{t("import.rejects")}</h2>{file.has_rejects && <Rejected file={file} />}</div>
          <div class="scroll-x" tabIndex={0} role="region" aria-label={t("import.rejects")}><table><thead><tr><th scope="col">{t("import.line")}</th><th scope="col">{t("import.reason")}</th></tr></thead>
            <tbody>{(found?.rejects ?? []).slice(0, 12).map((r) => <tr key={r.line}><td class="nowrap">{number(r.line, 0)}</td><td><Reason text={r.reason} /></td></tr>)}</tbody></table></div>
          {would.rejected > 12 && <p class="quiet small">{t("import.rejects.more", { n: would.rejected - 12 })}</p>}
        </section>
      )}
      {would && file.state === "looked" && (
        <section class="card"><Notes of={would} />
          {!file.may_take ? <p>{t("import.not_your_kind")}</p> : would.known_already ? <p>{t("import.known.text")}</p>
            : would.rejected === would.read ? <p>{t("import.no_row")}</p> : changedHere ? <p>{t("import.read_first")}</p> : <p>{t("import.whole")}</p>}
          <div class="tools">
            {may && <button type="button" class="button main" disabled={changedHere} onClick={() => void doing(() => post(`/api/imports/${file.id}/take`, { turn: file.turn }))}>{t("import.take", { n: would.read - would.rejected })}</button>}
            {remove}
          </div>
        </section>
      )}
      {!would && !file.problem && file.state === "looked" && <div class="tools">{remove}</div>}
    </>
  );
}

function Reason({ text }: { text: string }) {
  const told = reason(text);
  return <span dir="auto" lang={told === null ? "en" : undefined}>{told ?? text}</span>;
}

interface What {
  file: File;
  found: Found | null;
  layouts: Schemas["LayoutLine"][];
  doing: (work: () => Promise<unknown>) => Promise<void>;
  note: (changed: boolean) => void;
}

// What kind of file it is, and for those with free columns which is which. Another kind is read at once, other columns when asked.
function WhatItIs({ file, found, layouts, doing, note }: What) {
  const kind = layouts.find((l) => l.name === (found?.layout ?? file.chosen.layout));
  const before = found?.chosen ?? file.chosen.columns ?? {};
  const [columns, setColumns] = useState<Record<string, string>>(before);
  const told = { release: file.chosen.release ?? found?.would?.release ?? "", since: file.chosen.published_on ?? found?.would?.published_on ?? "" };
  const [release, setRelease] = useState(told.release);
  const [since, setSince] = useState(told.since);
  const fields = kind ? [...kind.needed, ...kind.further] : [];
  const free = fields.length > 0;
  const other = fields.some((f) => (columns[f] ?? "") !== (before[f] ?? "")) || release !== told.release || since !== told.since;
  useEffect(() => note(other), [other]);
  const look = (layout: string | null, chosen: Record<string, string> | null) =>
    doing(() => post(`/api/imports/${file.id}/look`, {
      layout, columns: chosen, release: release === told.release ? file.chosen.release : release || null, published_on: since === told.since ? file.chosen.published_on : since || null,
    }));
  const pick = async (name: string) => {
    const next = layouts.find((l) => l.name === name);
    if (!next) return look(null, null);
    const guess = next.needed.length && found ? await get<Record<string, string>>(`/api/imports/${file.id}/guess?layout=${name}`).catch(() => null) : null;
    return look(name, guess);
  };
  return (
    <section class="card"><h2>{t("import.what")}</h2>
      {found && !found.layout && <p>{t("import.unknown")}</p>}
      <div class="tools">
        <Pick label={t("import.kind")} value={kind?.name ?? ""} pick={(name) => void pick(name)}
          choices={[{ value: "", name: t("import.kind.guess") }, ...layouts.map((l) => ({ value: l.name, name: word("layout", l.name) }))]} />
        {kind?.name.startsWith("ucdp") && <label class="line short">{t("import.release")}<input dir="ltr" value={release} maxLength={20} onInput={(e) => setRelease(e.currentTarget.value)} /></label>}
        {kind && <label class="line short">{t("import.since")}<input type="date" value={since} onInput={(e) => setSince(e.currentTarget.value)} /></label>}
      </div>
      {free && found && (
        <fieldset class="choices mapping"><legend>{t("import.columns")}</legend>
          {found.lacking.length > 0 && <p class="bad-note told">{t("import.lacking", { fields: found.lacking.map((f) => word("ifield", f)).join(", ") })}</p>}
          <div class="mapping-grid">{fields.map((field) => {
            const at = found.columns.indexOf(columns[field] ?? "");
            return (
              <div key={field}>
                <Pick label={`${word("ifield", field)}${kind?.needed.includes(field) ? " *" : ""}`} value={columns[field] ?? ""}
                  choices={[{ value: "", name: t("import.no_column") }, ...found.columns.filter(Boolean).map((c) => ({ value: c, name: c }))]}
                  pick={(column) => setColumns(Object.fromEntries(Object.entries({ ...columns, [field]: column }).filter(([f, c]) => c && (f === field || c !== column))))} />
                <small class="quiet break" dir="auto">{at >= 0 ? (found.examples[at] ?? []).join(" · ") : ""}</small>
              </div>
            );
          })}</div>
          <p class="quiet small">{t("import.needed")}</p>
        </fieldset>
      )}
      {!free && kind && found && <details class="history"><summary>{t("import.fixed", { n: found.columns.length })}</summary><p class="small break" dir="ltr">{found.columns.slice(0, 60).join(", ")}</p></details>}
      {other && kind && <div class="tools"><button type="button" class="button main" onClick={() => void look(kind.name, free ? columns : null)}>{t("import.read_again")}</button></div>}
    </section>
  );
}

function Samples({ found }: { found: Found }) {
  return (
    <section class="card"><h2>{t("import.samples")}</h2>
      <div class="scroll-x" tabIndex={0} role="region" aria-label={t("import.samples")}>
        <table><thead><tr><th scope="col">{t("import.line")}</th>{found.fields.map((f) => <th key={f} scope="col">{word("ifield", f)}</th>)}</tr></thead>
          <tbody>{found.samples.map((row) => (
            <tr key={row.line}><td>{number(row.line, 0)}</td>
              {row.problem !== null ? <td colSpan={found.fields.length}><span class="tag bad">{t("import.rejected")}</span> <Reason text={row.problem} /></td>
                : row.values.map((value, i) => <td key={found.fields[i]} class={typeof value === "string" && value.length < 12 ? "nowrap" : undefined}><span dir="auto">{shown(found.fields[i] ?? "", value)}</span></td>)}</tr>
          ))}</tbody></table></div>
    </section>
  );
}

function shown(field: string, value: string | number | null): string {
  if (value === null || value === "") return t("none");
  if (field === "kind") return typeof value === "number" ? word("violence", String(value)) : word("unit", value);
  if (typeof value === "number") return number(value, field.startsWith("l") ? 4 : 0);
  return /^\d{4}-\d{2}-\d{2}$/.test(value) ? day(value) : /^\d{4}-\d{2}$/.test(value) ? month(value) : value;
}
