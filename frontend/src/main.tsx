import "./fonts.css";
import "./style.css";
import { render } from "preact";
import { App } from "./app";
import { showTheme } from "./theme";
import { chosenLanguage, speak } from "./words";

showTheme();
await speak(chosenLanguage());
const room = document.getElementById("room");
if (room) render(<App />, room);
