// Results that commands wrote down: officers to posts, partners, liaison assistants, what police did; to read and take away.
import { useRoute } from "preact-iso/router";
import type { Schemas } from "../api/client";
import { useData } from "../api/client";
import { Empty, Failed, Shown } from "../ui/states";
import { day, language, moment, month, number, spot, t, word } from "../words";
import type { Key } from "../words";

const KINDS = ["people", "partners", "liaison"];

export default function Results() {
  const { params, path } = useRoute() as { params: Record<string, string>; path: string };
  const kind = path.startsWith("/learn") ? "police" : KINDS.includes(params.kind ?? "") ? params.kind! : "people";
  const found = useData<Schemas["Result"]>(`/api/results/${kind}?lang=${language.value}`);
  return (
    <article class="sheet">
      <p class="crumbs noprint"><a href={kind === "police" ? "/learn" : "/plan"}>{t(kind === "police" ? "place.learn" : "plan.title")}</a></p>
      <div class="page-head"><h1>{t(`result.${kind}` as Key)}</h1>
        {kind !== "police" && <nav class="tools" aria-label={t("result.title")}>{KINDS.map((k) => <a key={k} class={k === kind ? "button main" : "button"} aria-current={k === kind ? "page" : undefined} href={`/plan/results/${k}`}>{t(`result.${k}` as Key)}</a>)}</nav>}</div>
      {found.failure?.trouble === "missing" && !found.data ? <Empty title={t("result.none")}><p>{t("result.none.text")} <code dir="ltr">{COMMANDS[kind]}</code></p></Empty>
        : found.failure && !found.data ? <Failed failure={found.failure} again={found.again} />
        : <Shown of={found}>{(one) => <Told one={one} />}</Shown>}
    </article>
  );
}

const COMMANDS: Record<string, string> = { people: "tocsin plan people", partners: "tocsin plan partners", liaison: "tocsin plan liaison", police: "tocsin learn police" };

function Told({ one }: { one: Schemas["Result"] }) {
  return (
    <>
      <p class="quiet small">{t("result.about", { month: month(one.as_of, "long"), when: moment(one.made_at) })}</p>
      <div class="facts">{Object.entries(one.facts).map(([name, value]) => <div class="fact" key={name}><div class="fact-name">{word("rfact", name)}</div><div class="fact-value">{value === null ? t("none") : number(value)}</div></div>)}</div>
      {one.tables.map((table) => (
        <section class="card" key={table.name}><div class="page-head"><h2>{word("rtable", table.name)}</h2>
          <div class="tools noprint">{["csv", "xlsx"].map((f) => <a key={f} class="link" href={`/api/results/${one.kind}/${table.name}?f=${f}`} download={`${one.kind}-${table.name}.${f}`} aria-label={t("result.take", { table: word("rtable", table.name), format: f.toUpperCase() })}>{f.toUpperCase()}</a>)}</div></div>
          {table.rows.length === 0 ? <p>{t("result.empty")}</p> : (
            <div class="scroll-x" tabIndex={0} role="region" aria-label={word("rtable", table.name)}><table class={table.columns.length > 3 ? "stack" : undefined}><thead><tr>{table.columns.map((c) => <th key={c} scope="col">{word("rcol", c)}</th>)}</tr></thead>
              <tbody>{table.rows.map((row, i) => <tr key={i}>{row.map((value, k) => <td key={k} data-label={word("rcol", table.columns[k]!)}><span dir="auto">{said(value)}</span></td>)}</tr>)}</tbody></table></div>
          )}</section>
      ))}
      {one.worse.length > 0 && <section class="card"><h2>{t("cards.worse")}</h2><ul class="reasons">{one.worse.map((w) => <li key={w}>{w}</li>)}</ul></section>}
    </>
  );
}

function said(value: string | number | boolean | null): string {
  if (value === null) return t("none");
  if (typeof value === "boolean") return t(value ? "result.yes" : "result.no");
  if (typeof value === "number") return number(value, 2);
  if (/^\d{4}-\d{2}-\d{2}$/.test(value)) return day(value);
  return /^\d{4}-\d{2}$/.test(value) ? month(value) : spot(value);
}
