// A table as a file: every row of a filter, as our own interface for other tools gives it.
import * as Ariakit from "@ariakit/react";
import { Download } from "lucide";
import { t } from "../words";
import { Icon } from "./icon";

const FORMATS = { csv: "CSV", xlsx: "XLSX", gpkg: "GeoPackage", parquet: "Parquet" };

export function Take({ collection, filter = {} }: { collection: "alerts" | "reports" | "risk" | "units"; filter?: Record<string, string> }) {
  return (
    <Ariakit.MenuProvider placement="bottom-end">
      <Ariakit.MenuButton className="round noprint" title={t("take")} aria-label={t("take")}><Icon node={Download} size={17} /></Ariakit.MenuButton>
      <Ariakit.Menu className="menu" portal gutter={6} aria-label={t("take")}>
        {Object.entries(FORMATS).map(([form, name]) => (
          <Ariakit.MenuItem key={form} className="menu-item" render={<a href={`/ogc/collections/${collection}/items?${new URLSearchParams({ ...filter, f: form })}`} download={`${collection}.${form}`} />}>{name}</Ariakit.MenuItem>
        ))}
      </Ariakit.Menu>
    </Ariakit.MenuProvider>
  );
}
