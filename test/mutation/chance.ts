import fc from 'fast-check';

// The same examples for every mutant, few of them, and no search for a smaller one: that a property fails is all that is asked.
fc.configureGlobal({ seed: 1, numRuns: 50, endOnFailure: true });
