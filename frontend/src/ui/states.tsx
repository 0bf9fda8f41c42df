// What a page says when it has nothing to show yet, or cannot: always in words, and what to do about it.
import { CircleAlert, CloudOff, Hourglass, Inbox, Lock, LogIn, SearchX } from "lucide";
import type { IconNode } from "lucide";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Failure } from "../api/client";
import type { Reading, Trouble } from "../api/client";
import { away, t } from "../words";
import type { Key } from "../words";
import { Icon } from "./icon";

export function Notice({ icon, title, children, action }: { icon: IconNode; title: string; children?: ComponentChildren; action?: ComponentChildren }) {
  return (
    <div class="notice" role="status">
      <Icon node={icon} size={28} />
      <h2>{title}</h2>
      {children && <div class="notice-text">{children}</div>}
      {action}
    </div>
  );
}

const ICON: Record<Trouble, IconNode> = {
  offline: CloudOff, signed_out: LogIn, forbidden: Lock, missing: SearchX, conflict: CircleAlert, refused: CircleAlert,
  busy: Hourglass, broken: CircleAlert,
};

export function Failed({ failure, again }: { failure: Failure; again?: () => void }) {
  const kind = failure.trouble;
  return (
    <Notice icon={ICON[kind]} title={t(`state.${kind}` as Key)}
      action={kind === "signed_out"
        ? <a class="button main" href={`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`} target="_self">{t("account.sign_in")}</a>
        : again && <button type="button" class="button" onClick={again}>{t("state.again")}</button>}>
      <p>{t(`state.${kind}.text` as Key)}</p>
      {failure.title && kind !== "signed_out" && <p class="told" dir="auto" lang="en">{failure.title}</p>}
    </Notice>
  );
}

// In place of a part of the screen that could not be fetched: comes again by itself with the link.
export function Cut() {
  useEffect(() => {
    const again = (): void => location.reload();
    addEventListener("online", again);
    return () => removeEventListener("online", again);
  }, []);
  return <Failed failure={new Failure("offline", "")} again={() => location.reload()} />;
}

export function Waiting({ what }: { what?: string }) {
  return (
    <div class="notice waiting" role="status">
      <span class="pulse" aria-hidden="true" />
      <p>{what ?? t("state.loading")}</p>
    </div>
  );
}

export function Empty({ title, children, action }: { title: string; children?: ComponentChildren; action?: ComponentChildren }) {
  return <Notice icon={Inbox} title={title} action={action}>{children}</Notice>;
}

export function Missing() {
  return (
    <Notice icon={SearchX} title={t("state.missing")} action={<a class="button" href="/today">{t("place.today")}</a>}>
      <p>{t("state.missing.page")}</p>
    </Notice>
  );
}

// What an address gave, or in words why there is nothing. Data that can no longer be read anew stay, marked as old.
export function Shown<T>({ of, what, children }: { of: Reading<T>; what?: string; children: (data: T) => ComponentChildren }) {
  if (!of.data) return of.failure ? <Failed failure={of.failure} again={of.again} /> : <Waiting what={what} />;
  const gone = of.failure && ["signed_out", "forbidden"].includes(of.failure.trouble);
  if (gone && of.failure) return <Failed failure={of.failure} again={of.again} />;
  return (
    <>
      {of.failure && (
        <p class="stale" role="status">
          {t("state.stale", { ago: away(new Date(of.at ?? 0).toISOString()) })}{" "}
          <button type="button" class="link" onClick={of.again}>{t("state.again")}</button>
        </p>
      )}
      {children(of.data)}
    </>
  );
}
