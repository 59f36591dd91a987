/** What `lightning/actions` has on the platform; sfdx-lwc-jest brings no stand-in for it. */
export const CLOSE_SCREEN = 'lightning__actionsclosescreen';

export class CloseActionScreenEvent extends CustomEvent {
  constructor() {
    super(CLOSE_SCREEN, { bubbles: true, cancelable: false, composed: true });
  }
}
