// What Mantine's components are told about our look; colours come from `tokens.css`.
import { createTheme, Menu, Modal } from "@mantine/core";

export const theme = createTheme({
  fontFamily: "var(--pw-sans)",
  fontFamilyMonospace: "var(--pw-mono)",
  defaultRadius: 4,
  respectReducedMotion: true,
  components: {
    // Without scroll lock: it would add a style element, which the page's policy forbids.
    Modal: Modal.extend({
      defaultProps: {
        lockScroll: false,
        transitionProps: { duration: 0 },
        overlayProps: { color: "#0a0e0d", backgroundOpacity: 0.32 },
        withCloseButton: false,
        padding: 24,
        radius: 8,
      },
    }),
    Menu: Menu.extend({ defaultProps: { transitionProps: { duration: 0 } } }),
  },
});
