// The door of the supervisor's page: it works without this script, too, in English.

import { dress, say } from "./page.js";

dress();
document.title = `${say("signIn")} · Pult`;
