// The constants of gait and of what comes before it, by the Python module and the name that they have there; a test
// compares each with its original.

export const GAPS = { FAR: 0.5, FAST_PER_S: 5 };

export const LEAPS = { LEAP: 0.06, DEVIATIONS: 3, WINDOW_S: 0.1, MIN_NEIGHBORS: 2, MAX_WINDOW_S: 0.25, _NORMAL: 1.4826 };

export const LOW_PASS = { _ORDER: 2, MIN_SAMPLES: 10 };

export const SWAPS = { SWITCH: 0.3, PER_SECOND: 1, MAX_COST: 0.3, _MAX_STRETCH: 2 };

export const SMOOTH = { _LENGTH_S: 1 };

export const TRACKS = { _MOST_FRAMES: 864_000, _EVEN: 0.1 };

export const MOTION = { MAX_GAP_S: 0.25, CUTOFF_HZ: 6, MIN_FPS: 15, _HEADING_S: 0.5, STANDING: 0.15, LEG_SHARE: 0.491 };

export const EVENTS = {
  _STRIDE_S: 0.5,
  _PROMINENCE: 0.25,
  _FALL_PROMINENCE: 0.05,
  _RISE_PROMINENCE: 0.3,
  _LOW: 0.35,
  MIN_SWING: 0.2,
  SAME_S: 0.1,
};

export const MEASURES = { STRIDE_S: [0.4, 2.5], _LEAST_STEP_S: 0.1, _DRAWS: 2000, _LEVEL: 0.95, MIN_VALUES: 3 };

export const ACTIONS = {
  _SEATED: 0.75,
  _SEATED_S: 0.5,
  _FIRST: 0.05,
  _LAST: 0.95,
  _LEAST_RISE_S: 0.12,
  _MOST_RISE_S: 4,
  _WALKS: 0.3,
  _SPEED_S: 0.2,
  _SLOWER: 0.6,
  _MOST_REVERSAL_S: 4,
  _SHORT_S: 0.4,
};

export const ANALYSIS = { _SPARED_S: 0.1, _NEAR_S: 0.3 };

export const NOTES = { OBLIQUE: 0.35, _FEW_FPS: 50 };
