import lazy, { ErrorBoundary } from "preact-iso/lazy";
import { LocationProvider, Route, Router } from "preact-iso/router";
import { Frame } from "./ui/frame";
import { Cut, Missing } from "./ui/states";
import { language } from "./words";

// A part of the screen that cannot be fetched because the link is gone says so, and comes when the link is back.
const part: typeof lazy = (load) => lazy(() => load().catch(() => ({ default: Cut as never })));

const Today = part(() => import("./places/today"));
const Listen = part(() => import("./places/listen"));
const Assess = part(() => import("./places/assess"));
const Cell = part(() => import("./places/cell"));
const Plan = part(() => import("./places/plan"));
const Cards = part(() => import("./places/cards"));
const Results = part(() => import("./places/results"));
const Act = part(() => import("./places/act"));
const Learn = part(() => import("./places/learn"));
const Field = part(() => import("./field/field"));

export function App() {
  return (
    <LocationProvider>
      <ErrorBoundary>
        <Frame key={language.value}>
          <Router>
            <Route path="/" component={Today} />
            <Route path="/today" component={Today} />
            <Route path="/listen/:queue?/:id?" component={Listen} />
            <Route path="/assess" component={Assess} />
            <Route path="/assess/cells/:gid" component={Cell} />
            <Route path="/plan" component={Plan} />
            <Route path="/plan/cards/:run?" component={Cards} />
            <Route path="/plan/results/:kind?" component={Results} />
            <Route path="/learn/police" component={Results} />
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
