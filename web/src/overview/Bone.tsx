/** A grey bar in the place of a text that has not arrived; its line keeps the height it will have. */
import styles from './Bone.module.css';

/** One line of text to come. */
export function Bone({ width }: { readonly width: string }) {
  return (
    <span className={styles.line}>
      <span className={styles.bone} style={{ width }} />
    </span>
  );
}

/** A block to come, as large as its parent. */
export function BoneBlock() {
  return <div className={styles.block} />;
}
