// The maxima of a series as SciPy's find_peaks finds them, by the distance between them and their prominence.

/** Places of the maxima; of a flat one its middle. */
function maxima(values) {
  const found = [];
  for (let k = 1; k < values.length - 1; k += 1) {
    if (!(values[k - 1] < values[k])) continue;
    let ahead = k + 1;
    while (ahead < values.length - 1 && values[ahead] === values[k]) ahead += 1;
    if (values[ahead] < values[k]) {
      found.push(Math.floor((k + ahead - 1) / 2));
      k = ahead - 1;
    }
  }
  return found;
}

/** Drops those that are too near to a higher one. */
function apart(peaks, values, distance) {
  const kept = peaks.map(() => true);
  const order = peaks.map((_, k) => k).sort((a, b) => values[peaks[a]] - values[peaks[b]]).reverse();
  for (const k of order) {
    if (!kept[k]) continue;
    for (let j = k - 1; j >= 0 && peaks[k] - peaks[j] < distance; j -= 1) kept[j] = false;
    for (let j = k + 1; j < peaks.length && peaks[j] - peaks[k] < distance; j += 1) kept[j] = false;
  }
  return peaks.filter((_, k) => kept[k]);
}

/** How far a maximum stands out from the higher of the lowest places between it and higher values. */
function prominence(values, peak) {
  const lowest = (step) => {
    let low = values[peak];
    for (let k = peak; k >= 0 && k < values.length && values[k] <= values[peak]; k += step) low = Math.min(low, values[k]);
    return low;
  };
  return values[peak] - Math.max(lowest(-1), lowest(1));
}

/** Places of the maxima, in order. */
export function findPeaks(values, leastProminence, distance) {
  return apart(maxima(values), values, distance).filter((peak) => prominence(values, peak) >= leastProminence);
}
