// The few icons of the page. Words come first: an icon never stands without a name.
const PATHS = {
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zm3.6-1.4L14 14",
  close: "m4 4 8 8m0-8-8 8",
  up: "m4 10 4-4 4 4",
  down: "m4 6 4 4 4-4",
  copy: "M6 6h8v8H6zM10 6V2H2v8h4",
  done: "m3 8.5 3.5 3.5L13 5",
} as const;

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
