import "@fontsource/ibm-plex-sans/latin-400.css";
import "@fontsource/ibm-plex-sans/latin-600.css";
import "@fontsource/ibm-plex-sans/latin-ext-400.css";
import "@fontsource/ibm-plex-sans/latin-ext-600.css";
import "./style.css";
import { render } from "preact";
import { App } from "./app";
import { showTheme } from "./theme";
import { chosenLanguage, speak } from "./words";

showTheme();
await speak(chosenLanguage());
const room = document.getElementById("room");
if (room) render(<App />, room);
