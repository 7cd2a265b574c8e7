/** Whether a new issue is being written. */

let isOpen = $state(false);

export const newIssue = {
  get isOpen() {
    return isOpen;
  },
  open: () => (isOpen = true),
  close: () => (isOpen = false),
};
