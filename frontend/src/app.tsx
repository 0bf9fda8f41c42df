import lazy, { ErrorBoundary } from "preact-iso/lazy";
import { LocationProvider, Route, Router } from "preact-iso/router";
import { Frame } from "./ui/frame";
import { Missing } from "./ui/states";
import { language } from "./words";

const Today = lazy(() => import("./places/today"));
const Assess = lazy(() => import("./places/assess"));
const Cell = lazy(() => import("./places/cell"));

export function App() {
  return (
    <LocationProvider>
      <ErrorBoundary>
        <Frame key={language.value}>
          <Router>
            <Route path="/" component={Today} />
            <Route path="/today" component={Today} />
            <Route path="/assess" component={Assess} />
            <Route path="/assess/cells/:gid" component={Cell} />
            <Route default component={Missing} />
          </Router>
        </Frame>
      </ErrorBoundary>
    </LocationProvider>
  );
}
