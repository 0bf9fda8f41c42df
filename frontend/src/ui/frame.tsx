import * as Ariakit from "@ariakit/react";
import { Check, Keyboard, Languages, LogOut, Moon, Printer, Search, Sun, UserRound } from "lucide";
import type { ComponentChildren } from "preact";
import { useLocation } from "preact-iso/router";
import { useState } from "preact/hooks";
import { online, useData } from "../api/client";
import { open as openTo } from "../places/list";
import { theme, turnTheme } from "../theme";
import { LANGUAGES, language, speak, t } from "../words";
import type { Language } from "../words";
import { Icon } from "./icon";
import { strokes, useKeys } from "./keys";
import { Palette } from "./palette";
import { SaidBar } from "./said";

export function Frame({ children }: { children: ComponentChildren }) {
  const { path, route } = useLocation();
  const [help, showHelp] = useState(false);
  const [palette, showPalette] = useState(false);
  const me = useData<Me>("/api/me").data;
  const places = openTo(me?.may);
  useKeys([
    { key: "?", name: "key.help", does: () => showHelp(true) },
    { key: "/", name: "key.palette", does: () => showPalette(true) },
    ...places.map((place) => ({ key: `g ${place.key}`, name: place.name, does: () => route(place.path) })),
    ...(me?.may.includes("create import") ? [{ key: "g i", name: "import.title" as const, does: () => route("/listen/import") }] : []),
  ], [me]);
  return (
    <div class="frame">
      <a class="skip" href="#main">{t("frame.skip")}</a>
      <header class="top">
        <a class="brand" href="/today" aria-label={t("frame.home")}>
          <img src="/static/icon.svg" width="26" height="26" alt="" /> <span>Tocsin</span>
        </a>
        <button type="button" class="search" aria-label={`${t("palette.open")} /`} onClick={() => showPalette(true)}>
          <Icon node={Search} size={16} /> <span>{t("palette.open")}</span> <kbd>/</kbd>
        </button>
        <div class="top-end">
          {!online.value && <span class="tag warn" role="status">{t("frame.offline")}</span>}
          <button type="button" class="round" onClick={() => showHelp(true)} title={t("key.help")} aria-label={t("key.help")}>
            <Icon node={Keyboard} />
          </button>
          <button type="button" class="round" onClick={turnTheme} title={t("frame.theme")} aria-label={t("frame.theme")}>
            <Icon node={theme.value === "day" ? Moon : Sun} />
          </button>
          <LanguageMenu />
          <AccountMenu me={me} />
        </div>
      </header>
      <nav class="rail" aria-label={t("frame.places")}>
        {places.map((place) => (
          <a key={place.path} href={place.path} aria-current={here(path, place.path) ? "page" : undefined}>
            <Icon node={place.icon} size={20} /> <span>{t(place.name)}</span>
          </a>
        ))}
      </nav>
      <main id="main" tabIndex={0}>{children}</main>
      <SaidBar />
      <Help open={help} close={() => showHelp(false)} />
      <Palette open={palette} close={() => showPalette(false)} />
    </div>
  );
}

const here = (path: string, place: string): boolean =>
  path === place || path.startsWith(`${place}/`) || (path === "/" && place === "/today");

interface Me {
  name: string;
  may: string[];
  csrf: string;
}

// Signing out is the server's own form, so that it also works from its own pages.
function leave(csrf: string): void {
  const form = document.createElement("form");
  form.method = "post";
  form.action = "/sign-out";
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "csrf";
  field.value = csrf;
  form.append(field);
  document.body.append(form);
  form.submit();
}

function LanguageMenu() {
  return (
    <Ariakit.MenuProvider placement="bottom-end">
      <Ariakit.MenuButton className="round" title={t("frame.language")} aria-label={t("frame.language")}>
        <Icon node={Languages} />
      </Ariakit.MenuButton>
      <Ariakit.Menu className="menu" gutter={6}>
        {(Object.keys(LANGUAGES) as Language[]).map((name) => (
          <Ariakit.MenuItem key={name} className="menu-item" lang={name} onClick={() => void speak(name)}>
            <span class="menu-mark">{language.value === name && <Icon node={Check} size={15} />}</span> {LANGUAGES[name]}
          </Ariakit.MenuItem>
        ))}
      </Ariakit.Menu>
    </Ariakit.MenuProvider>
  );
}

function AccountMenu({ me }: { me: Me | null }) {
  return (
    <Ariakit.MenuProvider placement="bottom-end">
      <Ariakit.MenuButton className="round" title={t("account.menu")} aria-label={t("account.menu")}>
        <Icon node={UserRound} />
      </Ariakit.MenuButton>
      <Ariakit.Menu className="menu" gutter={6}>
        <Ariakit.MenuItem className="menu-item" onClick={() => print()}>
          <span class="menu-mark"><Icon node={Printer} size={15} /></span> {t("frame.print")}
        </Ariakit.MenuItem>
        {me && (
          <>
            <Ariakit.MenuItem className="menu-item" render={<a href="/account" target="_self" />}>
              <span class="menu-mark"><Icon node={UserRound} size={15} /></span> <span dir="auto">{me.name}</span>
            </Ariakit.MenuItem>
            <Ariakit.MenuItem className="menu-item" onClick={() => leave(me.csrf)}>
              <span class="menu-mark"><Icon node={LogOut} size={15} /></span> {t("account.sign_out")}
            </Ariakit.MenuItem>
          </>
        )}
      </Ariakit.Menu>
    </Ariakit.MenuProvider>
  );
}

function Help({ open, close }: { open: boolean; close: () => void }) {
  return (
    <Ariakit.Dialog open={open} onClose={close} className="dialog" backdrop={<div class="backdrop" />}>
      <Ariakit.DialogHeading className="dialog-title">{t("key.help")}</Ariakit.DialogHeading>
      <dl class="keys">
        {strokes.value.map((stroke) => (
          <div key={stroke.key}>
            <dt>{stroke.key.split(" ").map((part) => <kbd key={part}>{part}</kbd>)}</dt>
            <dd>{stroke.key.startsWith("g ") ? t("key.go", { place: t(stroke.name) }) : t(stroke.name)}</dd>
          </div>
        ))}
      </dl>
      <Ariakit.DialogDismiss className="button">{t("frame.close")}</Ariakit.DialogDismiss>
    </Ariakit.Dialog>
  );
}
