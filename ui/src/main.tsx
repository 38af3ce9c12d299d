// The start: styles, the live store, and the page itself. Nothing else runs on import.
import "@mantine/core/styles/baseline.layer.css";
import "@mantine/core/styles/default-css-variables.layer.css";
import "@mantine/core/styles/global.layer.css";
import "@mantine/core/styles/UnstyledButton.layer.css";
import "@mantine/core/styles/CloseButton.layer.css";
import "@mantine/core/styles/Paper.layer.css";
import "@mantine/core/styles/Popover.layer.css";
import "@mantine/core/styles/Menu.layer.css";
import "@mantine/core/styles/Overlay.layer.css";
import "@mantine/core/styles/ModalBase.layer.css";
import "@mantine/core/styles/Modal.layer.css";
import "@mantine/core/styles/Input.layer.css";
import "@mantine/core/styles/Combobox.layer.css";
import "uplot/dist/uPlot.min.css";
import "./tokens.css";
import "./base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { MantineProvider, localStorageColorSchemeManager } from "@mantine/core";
import { Frame } from "./frame/frame";
import { theme } from "./theme";
import { hideToken } from "./live/address";
import { startStore } from "./live/store";

const place = document.getElementById("page");
if (!place) throw new Error("index.html has no #page");

hideToken();
startStore();
// Variables and classes come from files: the page's policy allows no style element.
createRoot(place).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      colorSchemeManager={localStorageColorSchemeManager({ key: "podwall.scheme" })}
      withCssVariables={false}
      withStaticClasses={false}
      withGlobalClasses={false}
    >
      <Frame />
    </MantineProvider>
  </StrictMode>,
);
