// What was carried along at the last visit: alerts of one's area, one's own focal points, the last warnings.
import { useState } from "preact/hooks";
import type { Schemas } from "../api/client";
import { away, moment, t, word } from "../words";
import { known } from "./queue";

export function Carried() {
  const read = known.value;
  if (!read) return null;
  return (
    <>
      {read.warnings && <section class="card"><h2>{t("field.warnings")}</h2>
        {read.warnings.length === 0 ? <p>{t("field.warnings.none")}</p> : <ol class="plain-list">{read.warnings.map((one) => <Warning key={one.id} one={one} />)}</ol>}
        <AsOf at={read.at} /></section>}
      {read.alerts && <section class="card"><h2>{t("field.alerts")}</h2>
        {read.alerts.length === 0 ? <p>{t("field.alerts.none")}</p> : <ol class="plain-list">{read.alerts.map((one) => <Alert key={one.id} one={one} />)}</ol>}
        <AsOf at={read.at} /></section>}
      {read.points && <section class="card"><h2>{t("field.points")}</h2>
        <p class="quiet small">{t("field.points.about")}</p>
        {read.points.length === 0 ? <p>{t("field.points.none")}</p> : (
          <ul class="plain-list">{read.points.map((one, i) => <li key={i}><p><strong dir="auto">{one.kind === "tells" ? t("field.point.code", { code: one.label }) : one.label}</strong> <span class="tag">{t(one.kind === "tells" ? "field.point.tells" : "field.point.warned")}</span></p>
            <p class="quiet small">{one.area && <><span dir="auto">{one.area}</span>{one.language && " · "}</>}{one.language && spoken(one.language)}</p></li>)}</ul>
        )}</section>}
    </>
  );
}

const AsOf = ({ at }: { at: string }) => <p class="quiet small">{t("field.as_of", { when: away(at) })}</p>;

// The name of a language in the reader's; its code where the browser knows none.
function spoken(code: string): string {
  try {
    return new Intl.DisplayNames([document.documentElement.lang || "en"], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}

function Warning({ one }: { one: Schemas["CarriedWarning"] }) {
  const [open, show] = useState(false);
  const over = !one.holds || new Date(one.expires_at).getTime() < Date.now();
  return (
    <li><p><strong dir="auto" lang={one.language}>{one.headline}</strong> {one.status !== "Actual" && <span class="tag">{word("warn_status", one.status)}</span>} <span class={over ? "tag" : "tag warn"}>{t(over ? "field.warning.over" : "field.warning.holds", { when: away(one.expires_at) })}</span></p>
      <p class="quiet small"><span dir="auto">{one.area_name}</span> · <time>{moment(one.expires_at)}</time></p>
      {open && <><p dir="auto" lang={one.language}>{one.description}</p>{one.instruction && <p dir="auto" lang={one.language}><strong>{one.instruction}</strong></p>}</>}
      {(one.description || one.instruction) && <button type="button" class="link" aria-expanded={open} onClick={() => show(!open)}>{t(open ? "field.less" : "field.more")}</button>}
    </li>
  );
}

function Alert({ one }: { one: Schemas["CarriedAlert"] }) {
  return (
    <li><p><strong>{one.threat ? word("threat", one.threat) : t("unknown")}</strong> {one.practice && <span class="tag">{t("alert.practice")}</span>} <span class="tag">{word("alert_state", one.state)}</span></p>
      <p class="quiet small"><span dir="auto">{one.place ?? one.area}</span> · <time title={moment(one.heard_at)}>{away(one.heard_at)}</time></p></li>
  );
}
