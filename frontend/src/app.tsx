import lazy, { ErrorBoundary } from "preact-iso/lazy";
import { LocationProvider, Route, Router } from "preact-iso/router";
import { Frame } from "./ui/frame";
import { Cut, Missing } from "./ui/states";
import { language } from "./words";

// A part of the screen that cannot be fetched because the link is gone says so, and comes when the link is back.
const part: typeof lazy = (load) => lazy(() => load().catch(() => ({ default: Cut as never })));

const PLACES = {
  today: () => import("./places/today"),
  listen: () => import("./places/listen"),
  assess: () => import("./places/assess"),
  plan: () => import("./places/plan"),
  act: () => import("./places/act"),
  learn: () => import("./places/learn"),
  field: () => import("./field/field"),
};

// The place of this address is fetched while the rest still gets ready.
const first = location.pathname.split("/")[1] || "today";
if (first in PLACES) PLACES[first as keyof typeof PLACES]().catch(() => undefined);

const Today = part(PLACES.today);
const Listen = part(PLACES.listen);
const Import = part(() => import("./places/import"));
const Assess = part(PLACES.assess);
const Cell = part(() => import("./places/cell"));
const Plan = part(PLACES.plan);
const Cards = part(() => import("./places/cards"));
const Leaving = part(() => import("./places/leaving"));
const Scenarios = part(() => import("./places/scenarios"));
const Results = part(() => import("./places/results"));
const Act = part(PLACES.act);
const Learn = part(PLACES.learn);
const ResponsePage = part(() => import("./places/response"));
const Field = part(PLACES.field);

export function App() {
  return (
    <LocationProvider>
      <ErrorBoundary>
        <Frame key={language.value}>
          <Router>
            <Route path="/" component={Today} />
            <Route path="/today" component={Today} />
            <Route path="/listen/import/:id?" component={Import} />
            <Route path="/listen/:queue?/:id?" component={Listen} />
            <Route path="/assess" component={Assess} />
            <Route path="/assess/cells/:gid" component={Cell} />
            <Route path="/plan" component={Plan} />
            <Route path="/plan/cards/:run?" component={Cards} />
            <Route path="/plan/leaving/:run?" component={Leaving} />
            <Route path="/plan/scenarios/:run?" component={Scenarios} />
            <Route path="/plan/results/:kind?" component={Results} />
            <Route path="/learn/police" component={Results} />
            <Route path="/learn/response" component={ResponsePage} />
            <Route path="/act/:part?/:id?" component={Act} />
            <Route path="/learn" component={Learn} />
            <Route path="/field/:part?" component={Field} />
            <Route default component={Missing} />
          </Router>
        </Frame>
      </ErrorBoundary>
    </LocationProvider>
  );
}
