// The command palette: go anywhere, do anything, find a place by its name.
import * as Ariakit from "@ariakit/react";
import { useLocation } from "preact-iso/router";
import { useMemo, useState } from "preact/hooks";
import type { Answer } from "../api/client";
import { useData } from "../api/client";
import { open as openTo } from "../places/list";
import { turnTheme } from "../theme";
import { LANGUAGES, speak, t } from "../words";
import type { Language } from "../words";

interface Command {
  name: string;
  hint: string;
  does: () => void;
}

const folded = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

export function Palette({ open, close }: { open: boolean; close: () => void }) {
  const { route } = useLocation();
  const [wanted, want] = useState("");
  const map = useData<Answer<"/api/assess/map">>(open ? "/api/assess/map" : null);
  const may = useData<{ may: string[] }>("/api/me").data?.may;
  const commands = useMemo((): Command[] => {
    const places = openTo(may).map((place) => ({ name: t(place.name), hint: t("palette.go"), does: () => route(place.path) }));
    const cells = (map.data?.cells ?? []).map((cell) => ({
      name: `${cell.place || cell.gid} · ${cell.area}`, hint: t("palette.cell", { gid: String(cell.gid) }),
      does: () => route(`/assess/cells/${cell.gid}`),
    }));
    const languages = (Object.keys(LANGUAGES) as Language[]).map((name) => ({
      name: LANGUAGES[name], hint: t("frame.language"), does: () => void speak(name),
    }));
    const files = may?.includes("create import") ? [{ name: t("import.title"), hint: t("palette.go"), does: () => route("/listen/import") }] : [];
    return [...places, ...files, { name: t("frame.theme"), hint: t("palette.do"), does: turnTheme },
      { name: t("frame.print"), hint: t("palette.do"), does: () => print() }, ...languages, ...cells];
  }, [map.data, open, may]);
  const found = useMemo(() => {
    const text = folded(wanted.trim());
    return (text ? commands.filter((c) => folded(`${c.name} ${c.hint}`).includes(text)) : commands).slice(0, 12);
  }, [commands, wanted]);
  const run = (command: Command): void => {
    close();
    want("");
    command.does();
  };
  return (
    <Ariakit.Dialog open={open} onClose={close} className="dialog palette" aria-label={t("palette.open")} backdrop={<div class="backdrop" />}>
      <Ariakit.ComboboxProvider open setValue={want} value={wanted} includesBaseElement={false}>
        <Ariakit.Combobox autoSelect="always" autoFocus className="palette-input" placeholder={t("palette.hint")} aria-label={t("palette.hint")}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.isComposing) return;
            event.preventDefault(); // the list may not have caught up with what was typed: what it shows first counts
            const chosen = document.querySelector(".palette-list [data-active-item]")?.id;
            const command = found[Math.max(0, found.findIndex((_, at) => `command-${at}` === chosen))];
            if (command) run(command);
          }} />
        <Ariakit.ComboboxList className="palette-list" alwaysVisible aria-label={t("palette.open")}>
          {found.map((command, at) => (
            <Ariakit.ComboboxItem key={command.name + command.hint} id={`command-${at}`} className="palette-item" focusOnHover hideOnClick={false} setValueOnClick={false}
              onClick={() => run(command)}>
              <span dir="auto">{command.name}</span> <small>{command.hint}</small>
            </Ariakit.ComboboxItem>
          ))}
        </Ariakit.ComboboxList>
        {found.length === 0 && <p class="palette-none" role="status">{t("palette.none")}</p>}
      </Ariakit.ComboboxProvider>
    </Ariakit.Dialog>
  );
}
