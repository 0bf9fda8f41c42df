// One warning: what each audience will read, word by word, before anybody releases it; and how far it got.
import { post, useData } from "../api/client";
import { Shown } from "../ui/states";
import { moment, number, t, word } from "../words";
import type { WarningRow } from "./act";
import { deed } from "./cases";

interface Audience { audience: string; channel: string; language: string; readers: number; subject: string; body: string; cap: boolean; messages_each: number }
interface Preview { changed: number; two_persons: boolean; approved_by: string | null; left_out: string[]; audiences: Audience[]; cap: string; scope: string; status: string }

export function OneWarning({ id }: { id: number }) {
  const warning = useData<WarningRow>(`/api/warnings/${id}`);
  const preview = useData<Preview>(`/api/warnings/${id}/preview`);
  const may = useData<{ may: string[] }>("/api/me").data?.may ?? [];
  return (
    <Shown of={warning} what={t("act.loading")}>
      {(found) => (
        <>
          <nav class="crumbs" aria-label={t("frame.trail")}><a href="/act/warnings">{t("act.warnings")}</a> <span aria-hidden="true">/</span> {String(id)}</nav>
          <div class="page-head"><div><h2 class="big" dir="auto">{found.event}</h2>
            <p class="quiet">{found.area_name && <><span dir="auto">{found.area_name}</span> · </>}<span class="tag">{word("warning_state", found.state)}</span>{found.status !== "Actual" && <> <span class="tag warn">{word("warning_status", found.status)}</span></>} · {word("warning_scope", found.scope)} · {t("warnings.to", { when: moment(found.expires_at) })}</p></div></div>
          <Shown of={preview}>
            {(seen) => (
              <>
                {found.state === "draft" && (
                  <section class="card"><h3>{t("warnings.before")}</h3>
                    <p>{seen.audiences.length === 0 ? t("warnings.nobody") : t("warnings.reach", { n: seen.audiences.reduce((sum, one) => sum + one.readers, 0) })}{seen.left_out.length > 0 && <> {t("warnings.left_out", { who: seen.left_out.map((one) => word("audience", one)).join(", ") })}</>}</p>
                    {seen.two_persons && <p>{t(seen.approved_by ? "warnings.second" : "warnings.two")}</p>}
                    {may.includes("approve warning") && <button type="button" class="button main" onClick={() => void deed(() => post(`/api/warnings/${id}/release`, { changed: seen.changed }), "warnings.released")}>{t(seen.two_persons && !seen.approved_by ? "warnings.approve" : "warnings.release")}</button>}
                  </section>
                )}
                <h3>{t("warnings.reads")}</h3>
                <div class="two">{seen.audiences.map((one) => (
                  <section class="card" key={`${one.audience} ${one.channel} ${one.language}`}><h4>{word("audience", one.audience)} <small class="quiet">{word("channel", one.channel)} · <span dir="ltr">{one.language}</span></small></h4>
                    <p class="quiet small">{t("warnings.readers", { n: one.readers })}{one.channel === "sms" && <> · {t("warnings.messages", { n: one.messages_each })}</>}{one.cap && <> · {t("warnings.cap")}</>}</p>
                    {one.subject && <p lang={one.language} dir="auto"><strong>{one.subject}</strong></p>}
                    <p class="words" lang={one.language} dir="auto">{one.body}</p></section>
                ))}</div>
                <details><summary>CAP</summary><pre class="words" dir="ltr" tabIndex={0}>{seen.cap}</pre></details>
                {seen.audiences.length === 0 && <p class="quiet">{t("warnings.nobody.text", { n: number(0) })}</p>}
              </>
            )}
          </Shown>
        </>
      )}
    </Shown>
  );
}
