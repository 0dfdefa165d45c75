// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The switch for x86-64 and the System V calling convention.
//
// What a stack that stands still has at its end, as offsets from where the context points. The
// first one of a new stack is built by hand in switch.c, so the two must agree:
//
//    -56 MXCSR, -52 x87 control word, -48 r15, -40 r14, -32 r13, -24 r12, -16 rbx, -8 rbp,
//    0 where to go on
//
// All but the last lie below the stack pointer, in the red zone, which signal handlers leave alone.
// So the stack pointer moves once only, which is faster than to push and to pop.
//
// The file carries no mark of control-flow enforcement, on purpose: we jump to where a call returns
// to, which is no landing pad, and a shadow stack would have to be switched too.

        .text

// void tend_context_jump (TendContext *from, TendContext *to)

        .globl  tend_context_jump
        .hidden tend_context_jump
        .type   tend_context_jump, @function
        .p2align 6
tend_context_jump:
        .cfi_startproc
        stmxcsr -56(%rsp)
        fnstcw  -52(%rsp)
        movq    %r15, -48(%rsp)
        movq    %r14, -40(%rsp)
        movq    %r13, -32(%rsp)
        movq    %r12, -24(%rsp)
        movq    %rbx, -16(%rsp)
        movq    %rbp, -8(%rsp)
        movl    -56(%rsp), %eax
        movzwl  -52(%rsp), %ecx
        .cfi_rel_offset %r15, -48
        .cfi_rel_offset %r14, -40
        .cfi_rel_offset %r13, -32
        .cfi_rel_offset %r12, -24
        .cfi_rel_offset %rbx, -16
        .cfi_rel_offset %rbp, -8

        // Both stacks end alike, so what is said to unwinders holds on either side.
        movq    %rsp, (%rdi)
        movq    (%rsi), %rsp

        // Some processors take 50 ns to load control words that differ, even if only in the
        // sticky status bits of MXCSR. Those belong to nobody across a call, so they do not count.
        // Others load for nothing, and lose a nanosecond by the comparison: a fair price.
        xorl    -56(%rsp), %eax
        testl   $0xffc0, %eax
        jne     .Lload_mxcsr
.Lcompare_x87:
        cmpw    -52(%rsp), %cx
        jne     .Lload_x87
.Lrestore:
        movq    (%rsp), %rdx
        movq    -48(%rsp), %r15
        movq    -40(%rsp), %r14
        movq    -32(%rsp), %r13
        movq    -24(%rsp), %r12
        movq    -16(%rsp), %rbx
        movq    -8(%rsp), %rbp
        .cfi_remember_state
        .cfi_restore %r15
        .cfi_restore %r14
        .cfi_restore %r13
        .cfi_restore %r12
        .cfi_restore %rbx
        .cfi_restore %rbp

        // Not by ret: the processor predicts that it returns to our own caller, which is the one
        // place where it never goes.
        addq    $8, %rsp
        .cfi_def_cfa_offset 0
        .cfi_register %rip, %rdx
        jmp     *%rdx

        .cfi_restore_state
.Lload_mxcsr:
        ldmxcsr -56(%rsp)
        jmp     .Lcompare_x87
.Lload_x87:
        fldcw   -52(%rsp)
        jmp     .Lrestore
        .cfi_endproc
        .size   tend_context_jump, . - tend_context_jump

// Where a new stack starts: r12 holds the function and r13 its argument. There is no caller, and
// unwinders are told so. They look up the byte before the address that a frame goes on at, hence
// the nop. Whoever has come here with an exception asks our personality.

        .type   start, @function
        .p2align 4
start:
        .cfi_startproc
        .cfi_personality 0x1b, tend_context_personality
        .cfi_undefined %rip
        .cfi_undefined %rbp
        nop
        .globl  tend_context_start
        .hidden tend_context_start
        .type   tend_context_start, @function
tend_context_start:
        movq    %r13, %rdi
        call    *%r12
        ud2
        .cfi_endproc
        .size   tend_context_start, . - tend_context_start
        .size   start, . - start

        .section .note.GNU-stack, "", @progbits
