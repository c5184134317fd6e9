// The assignment problem, as `match` in pose/tracking/association.py solves it by SciPy: here by the Hungarian method
// with potentials and shortest augmenting paths.

/**
 * The pairs of the greatest total similarity, each of which reaches the minimum and is above 0.
 *
 * @param {number[][]} similarity rows x columns
 * @param {number} minimum
 * @returns {number[][]} pairs [row, column], by rows
 */
export function matchBest(similarity, minimum) {
  if (!similarity.length || !similarity[0].length) return [];
  const allowed = similarity.map((row) => row.map((value) => (value >= minimum && value > 0 ? value : 0)));
  const wide = allowed.length <= allowed[0].length;
  const costs = wide ? allowed : allowed[0].map((_, k) => allowed.map((row) => row[k]));
  const pairs = leastCost(costs.map((row) => row.map((value) => -value))).map((pair) => (wide ? pair : pair.reverse()));
  return pairs.filter(([i, k]) => allowed[i][k] > 0).sort((a, b) => a[0] - b[0]);
}

/** The column of each row at the least total cost; there are as many columns as rows, or more. */
function leastCost(costs) {
  const [rows, columns] = [costs.length, costs[0].length];
  // Rows and columns count from 1; column 0 holds the row that is assigned next.
  const [rowPotential, columnPotential] = [new Float64Array(rows + 1), new Float64Array(columns + 1)];
  const owner = new Int32Array(columns + 1);
  for (let row = 1; row <= rows; row += 1) {
    const before = new Int32Array(columns + 1);
    const slack = new Float64Array(columns + 1).fill(Infinity);
    const done = new Uint8Array(columns + 1);
    owner[0] = row;
    let column = 0;
    do {
      done[column] = 1;
      const current = owner[column];
      let [step, next] = [Infinity, 0];
      for (let k = 1; k <= columns; k += 1) {
        if (done[k]) continue;
        const reduced = costs[current - 1][k - 1] - rowPotential[current] - columnPotential[k];
        if (reduced < slack[k]) {
          slack[k] = reduced;
          before[k] = column;
        }
        if (slack[k] < step) [step, next] = [slack[k], k];
      }
      for (let k = 0; k <= columns; k += 1) {
        if (done[k]) {
          rowPotential[owner[k]] += step;
          columnPotential[k] -= step;
        } else {
          slack[k] -= step;
        }
      }
      column = next;
    } while (owner[column]);
    while (column) {
      owner[column] = owner[before[column]];
      column = before[column];
    }
  }
  const found = [];
  for (let k = 1; k <= columns; k += 1) if (owner[k]) found.push([owner[k] - 1, k - 1]);
  return found;
}
