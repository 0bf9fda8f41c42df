import { useEffect } from "preact/hooks";
import { said, undo } from "../places/cases";
import { t } from "../words";
import { useKeys } from "./keys";

export function SaidBar() {
  const now = said.value;
  useKeys([{ key: "u", name: "key.undo", does: () => said.value?.undo && void undo(said.value.undo) }]);
  useEffect(() => {
    if (!now) return;
    const timer = setTimeout(() => {
      if (said.value === now) said.value = null;
    }, now.undo ? 15000 : 7000);
    return () => clearTimeout(timer);
  }, [now]);
  return (
    <div class="said-place" role="status" aria-live="polite">
      {now && (
        <div class={now.bad ? "said bad" : "said"}>
          <span dir="auto">{now.text}</span>
          {now.undo && <button type="button" class="link" onClick={() => void undo(now.undo!)}>{t("listen.undo")} <kbd>u</kbd></button>}
          <button type="button" class="link" onClick={() => (said.value = null)}>{t("frame.close")}</button>
        </div>
      )}
    </div>
  );
}
