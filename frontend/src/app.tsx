import lazy, { ErrorBoundary } from "preact-iso/lazy";
import { LocationProvider, Route, Router } from "preact-iso/router";
import { Frame } from "./ui/frame";
import { Missing } from "./ui/states";
import { language } from "./words";

const Today = lazy(() => import("./places/today"));
const Listen = lazy(() => import("./places/listen"));
const Assess = lazy(() => import("./places/assess"));
const Cell = lazy(() => import("./places/cell"));
const Plan = lazy(() => import("./places/plan"));
const Act = lazy(() => import("./places/act"));
const Learn = lazy(() => import("./places/learn"));
const Field = lazy(() => import("./field/field"));

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
