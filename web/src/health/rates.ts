// Counters to rates: the server tells totals since its start.
export class RateTracker {
  private readonly last = new Map<string, { total: number; at: number }>();
  private readonly history = new Map<string, number[]>();
  constructor(private readonly most = 40) {}

  add(name: string, total: number, at: number) {
    const before = this.last.get(name);
    if (before && at <= before.at) return;
    this.last.set(name, { total, at });
    if (!before) return;
    // A smaller total: the server started again, and has counted from zero since.
    const grown = total >= before.total ? total - before.total : total;
    const list = this.history.get(name) ?? [];
    list.push(grown / ((at - before.at) / 1000));
    this.history.set(name, list.slice(-this.most));
  }
  rates(name: string): number[] {
    return this.history.get(name) ?? [];
  }
}
