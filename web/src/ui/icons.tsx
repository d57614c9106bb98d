// Our own small set of icons, 24 by 24, one stroke: no icon font, no package of six thousand.
import type { SVGProps } from 'react';

const paths = {
  logs: 'M4 5h16M4 10h10M4 15h16M4 20h8',
  tail: 'M3 12h4l3-8 4 16 3-8h4',
  health: 'M12 20s-8-4.500-8-10.500A4.500 4.500 0 0 1 12 7a4.500 4.500 0 0 1 8 2.500C20 15.500 12 20 12 20z',
  bell: 'M6 16.500V11a6 6 0 0 1 12 0v5.500l1.500 2h-15zM10 21h4',
  shield: 'M12 3l8 3v6c0 4.500-3.200 7.700-8 9-4.800-1.300-8-4.500-8-9V6zM8.500 12l2.500 2.500 4.500-4.500',
  users: 'M9 11.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM2.500 20c.6-3.500 3-5.500 6.500-5.500s5.900 2 6.500 5.500M16 4.800a3.500 3.500 0 0 1 0 6.500M17.500 14.800c2.300.6 3.600 2.300 4 5.200',
  more: 'M5 12h.1M12 12h.1M19 12h.1',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c.8-4 4-6 8-6s7.200 2 8 6',
  play: 'M7 4.500v15l12-7.500z',
  stop: 'M6 6h12v12H6z',
  pause: 'M8 5v14M16 5v14',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.500 2',
  history: 'M3.500 12a8.500 8.500 0 1 0 2.600-6.100L3 8.500M3 3.500v5h5M12 8v4.500l3 1.800',
  save: 'M5 4h11l3 3v13H5zM8 4v5h7V4M8 20v-6h8v6',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  columns: 'M4 5h16v14H4zM9.300 5v14M14.700 5v14',
  chart: 'M4 4v16h16M8 16v-5M12 16V8M16 16v-3',
  table: 'M4 5h16v14H4zM4 10h16M4 14.500h16M10 10v9',
  close: 'M6 6l12 12M18 6 6 18',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l4.500 4.500',
  chevron: 'M9 6l6 6-6 6',
  down: 'M6 9l6 6 6-6',
  up: 'M6 15l6-6 6 6',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M5.300 18.700l1.400-1.400M17.300 6.700l1.400-1.400',
  moon: 'M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z',
  screen: 'M4 5h16v11H4zM9 20h6M12 16v4',
  globe: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3 12h18M12 3c3 3 3.500 6 3.500 9s-.5 6-3.500 9c-3-3-3.500-6-3.500-9s.5-6 3.500-9z',
  exit: 'M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9',
  warn: 'M12 4 2.500 20h19zM12 10v4.500M12 17.300v.2',
  error: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7.500v5.500M12 16.300v.2',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5.500M12 7.700v.2',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.500 11v5.500M13.500 11v5.500',
  star: 'M12 3.500l2.600 5.500 6 .8-4.400 4.200 1.100 6-5.300-2.900L6.700 20l1.100-6L3.400 9.800l6-.8z',
  panel: 'M4 5h16v14H4zM9.500 5v14',
  key: 'M8 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 12h9M17.500 12v3.500M21 12v2.500',
  broom: 'M14 4l6 6M12.500 8l3.500 3.500-6 8.500-7-1.500 1-3z',
  format: 'M4 6h16M8 11h12M8 16h12M4 11l0 5',
  filter: 'M4 5h16l-6 7.500V19l-4-2v-4.500z',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 16, ...rest }: { name: IconName; size?: number } & SVGProps<SVGSVGElement>) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill={name === 'play' || name === 'stop' ? 'currentColor' : 'none'}
      stroke="currentColor"
      strokeWidth={1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
      {...rest}
    >
      <path d={paths[name]} />
    </svg>
  );
}

export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#2c6cc0" />
      <g fill="none" stroke="#fff" strokeWidth="2.2" strokeLinecap="round" strokeLinejoin="round">
        <path d="M5.5 11.5 16 6l10.5 5.500" />
        <path d="M9 13.500h14v4H9z" />
        <path d="M10.500 17.500 8 26M21.500 17.500 24 26M10 22h12M12 17.500 20.500 26M20 17.500 11.500 26" strokeWidth="1.7" />
      </g>
    </svg>
  );
}
