// A link inside the page: a real address that opens without loading anew, and in a new tab when
// the browser is asked to.
import type { AnchorHTMLAttributes, MouseEvent } from "react";
import { visit } from "../live/address";

type Props = AnchorHTMLAttributes<HTMLAnchorElement> & { href: string };

export function Link({ href, onClick, ...rest }: Props) {
  const open = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    visit(href);
  };
  return <a href={href} onClick={open} {...rest} />;
}
